#include "bind.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "identity.h"

struct binding {
  int socket;
  int directory;
  mode_t umask;
  struct sockaddr_storage address;
  socklen_t length;
};

static int take_parts(struct binding *binding, const struct seccomp_notif *call)
{
  if (call->data.args[2] > sizeof binding->address) return -EINVAL;
  binding->length = (socklen_t)call->data.args[2];
  int result = read_address(call, &binding->address, binding->length);
  if (result == 0) result = umask_of(call, &binding->umask);
  if (result < 0) return result;
  binding->directory = open_directory_of(call);
  if (binding->directory < 0) return binding->directory;
  binding->socket = take_descriptor(call);
  return binding->socket < 0 ? binding->socket : 0;
}

/* Which socket it is decides, not what the address says of itself. */
static int without_device(struct binding *binding)
{
  int domain;
  socklen_t size = sizeof domain;
  if (getsockopt(binding->socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return -errno;
  if (domain == AF_UNIX || domain == AF_INET) return 0;
  if (domain != AF_INET6) return -EPERM;
  struct sockaddr_in6 ipv6;
  memcpy(&ipv6, &binding->address, sizeof ipv6);
  ipv6.sin6_scope_id = 0;
  memcpy(&binding->address, &ipv6, sizeof ipv6);
  return 0;
}

/* In a child: a path is looked up, and a low port refused, with the rights that the agent has. */
static _Noreturn void bind_as_agent(const struct binding *binding, uid_t uid, gid_t gid)
{
  if (borrow_file_rights(uid, gid) != 0 || fchdir(binding->directory) != 0) _exit(errno);
  close(binding->directory); /* else a path could go through our /proc/self/fd */
  umask(binding->umask);
  bool is_bound = bind(binding->socket, (const struct sockaddr *)&binding->address, binding->length) == 0;
  _exit(is_bound ? 0 : errno);
}

static int carry_out(const struct binding *binding, uid_t uid, gid_t gid)
{
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child == 0) bind_as_agent(binding, uid, gid);
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int bind_for(const struct seccomp_notif *call, int listener, uid_t uid, gid_t gid)
{
  struct binding binding = {.socket = -1, .directory = -1};
  int result = take_parts(&binding, call);
  if (result == 0) result = still_waits(listener, call);
  if (result == 0) result = without_device(&binding);
  if (result == 0) result = carry_out(&binding, uid, gid);
  if (binding.socket >= 0) close(binding.socket);
  if (binding.directory >= 0) close(binding.directory);
  return result;
}
