#include <linux/seccomp.h>

#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bind.h"
#include "caller.h"
#include "fail.h"
#include "identity.h"
#include "loopback.h"

/* Linux 6.6: the answer is handed over on the same processor. Half the cost, and no matter where it is missing. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

struct broker open_broker(int listener, const struct options *options)
{
  /* a socket's owner decides with whom it may share a port (SO_REUSEPORT): never with root's */
  if (make_for(options->uid, options->gid) != 0) fail("making sockets for the agent");
  /* a later kernel may have more to say of a call than these headers know */
  struct seccomp_notif_sizes sizes;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) fail("the size of a notification");
  size_t size = sizes.seccomp_notif > sizeof(struct seccomp_notif) ? sizes.seccomp_notif : sizeof(struct seccomp_notif);
  struct broker broker = {.listener = listener, .uid = options->uid, .gid = options->gid, .call_size = size};
  broker.call = malloc(size);
  if (broker.call == NULL) fail("memory for a notification");
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  return broker;
}

/* Whoever called may be gone: then nobody waits for the answer. */
static void answer(const struct broker *broker, long value, int error, unsigned int flags)
{
  struct seccomp_notif_resp response = {.id = broker->call->id, .val = value, .error = error, .flags = flags};
  ioctl(broker->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void refuse(const struct broker *broker, int error)
{
  answer(broker, 0, error, 0);
}

/* Puts the socket among the caller's descriptors and answers with its number. */
static void hand_over(const struct broker *broker, int made, unsigned int descriptor_flags)
{
  struct seccomp_notif_addfd handing = {
      .id = broker->call->id,
      .flags = SECCOMP_ADDFD_FLAG_SEND,
      .srcfd = (unsigned int)made,
      .newfd_flags = descriptor_flags,
  };
  if (ioctl(broker->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &handing) >= 0) return;
  if (errno == EINVAL) { /* before Linux 5.14 these are two steps */
    handing.flags = 0;
    int number = ioctl(broker->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &handing);
    if (number >= 0) {
      answer(broker, number, 0, 0);
      return;
    }
  }
  bool is_callers = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  refuse(broker, is_callers ? -errno : -EIO);
}

static void answer_socket(const struct broker *broker)
{
  int family = (int)broker->call->data.args[0];
  int type = (int)broker->call->data.args[1];
  if ((type & ~(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) {
    refuse(broker, -EINVAL);
    return;
  }
  int made = loopback_socket(family, type);
  if (made < 0) {
    refuse(broker, made);
    return;
  }
  hand_over(broker, made, (type & SOCK_CLOEXEC) != 0 ? O_CLOEXEC : 0);
  close(made);
}

/* Goes on in the kernel whatever the address has become by then: the socket's device decides. */
static void answer_connect(const struct broker *broker)
{
  struct sockaddr_storage address;
  memset(&address, 0, sizeof address);
  size_t length = (size_t)broker->call->data.args[2];
  if (length <= sizeof address && read_address(broker->call, &address, length) == 0 && !may_answer(&address, length))
    refuse(broker, -ENETUNREACH);
  else
    answer(broker, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

void answer_next_call(struct broker *broker)
{
  memset(broker->call, 0, broker->call_size);
  if (ioctl(broker->listener, SECCOMP_IOCTL_NOTIF_RECV, broker->call) != 0) return; /* the caller is gone */
  switch (broker->call->data.nr) {
  case SYS_socket: answer_socket(broker); break;
  case SYS_bind: refuse(broker, bind_for(broker->call, broker->listener, broker->uid, broker->gid)); break;
  case SYS_connect: answer_connect(broker); break;
  default: refuse(broker, -ENOSYS);
  }
}
