#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

static struct __user_cap_header_struct this_process(void)
{
  return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

static int drop_capabilities(void)
{
  struct __user_cap_header_struct header = this_process();
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
  memset(none, 0, sizeof none);
  return (int)syscall(SYS_capset, &header, none);
}

static bool has_capability(void)
{
  struct __user_cap_header_struct header = this_process();
  struct __user_cap_data_struct found[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, found) != 0) fail("capget");
  for (unsigned int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
    if ((found[i].permitted | found[i].effective | found[i].inheritable) != 0) return true;
  return false;
}

static void empty_bounding_set(void)
{
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail("emptying the bounding set (needs CAP_SETPCAP)");
}

static void check(uid_t uid, gid_t gid)
{
  uid_t uids[3];
  gid_t gids[3];
  if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 || getresgid(&gids[0], &gids[1], &gids[2]) != 0) fail("ids");
  for (int i = 0; i < 3; i++)
    if (uids[i] != uid || gids[i] != gid) fail_because("becoming the agent", "an id is not the agent's");
  if (getgroups(0, NULL) != 0) fail_because("becoming the agent", "a group is left");
  if (has_capability()) fail_because("becoming the agent", "a capability is left");
  if (setresuid(0, 0, 0) == 0) fail_because("becoming the agent", "the way back is open");
}

void become(uid_t uid, gid_t gid)
{
  empty_bounding_set();
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) fail("clearing the ambient set");
  if (setgroups(0, NULL) != 0) fail("setgroups (needs CAP_SETGID)");
  if (setresgid(gid, gid, gid) != 0) fail("setresgid (needs CAP_SETGID)");
  if (setresuid(uid, uid, uid) != 0) fail("setresuid (needs CAP_SETUID)");
  if (drop_capabilities() != 0) fail("capset");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail("not to be looked into");
  check(uid, gid);
}

int make_for(uid_t uid, gid_t gid)
{
  setfsgid(gid);
  setfsuid(uid);
  /* these two answer with what was before, whatever they did: a value that is no id only asks */
  if ((gid_t)setfsgid((gid_t)-1) == gid && (uid_t)setfsuid((uid_t)-1) == uid) return 0;
  errno = EPERM;
  return -1;
}

int borrow_file_rights(uid_t uid, gid_t gid)
{
  if (setgroups(0, NULL) != 0) return -1;
  if (make_for(uid, gid) != 0) return -1;
  return drop_capabilities();
}
