#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int read_address(const struct seccomp_notif *call, void *address, size_t length)
{
  struct iovec here = {.iov_base = address, .iov_len = length};
  struct iovec there = {.iov_base = (void *)(uintptr_t)call->data.args[1], .iov_len = length};
  ssize_t count = process_vm_readv((pid_t)call->pid, &here, 1, &there, 1, 0);
  return count == (ssize_t)length ? 0 : -EFAULT;
}

/* A line of /proc/PID/status, such as "Umask:\t0022". */
static int status_of(const struct seccomp_notif *call, const char *format, unsigned int *value)
{
  char path[64];
  char line[256];
  snprintf(path, sizeof path, "/proc/%u/status", call->pid);
  FILE *status = fopen(path, "re");
  if (status == NULL) return -errno;
  int found = 0;
  while (found != 1 && fgets(line, sizeof line, status) != NULL) found = sscanf(line, format, value);
  fclose(status);
  return found == 1 ? 0 : -ESRCH;
}

int take_descriptor_of(pid_t process, int descriptor)
{
  int handle = (int)syscall(SYS_pidfd_open, process, 0);
  if (handle < 0) return -errno;
  int taken = (int)syscall(SYS_pidfd_getfd, handle, descriptor, 0);
  int error = errno;
  close(handle);
  return taken >= 0 ? taken : -error;
}

int take_descriptor(const struct seccomp_notif *call)
{
  unsigned int process; /* of the thread: a handle is of processes only */
  int result = status_of(call, "Tgid: %u", &process);
  if (result < 0) return result;
  return take_descriptor_of((pid_t)process, (int)call->data.args[0]);
}

int open_directory_of(const struct seccomp_notif *call)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/%u/cwd", call->pid);
  int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return directory >= 0 ? directory : -errno;
}

int umask_of(const struct seccomp_notif *call, mode_t *mask)
{
  unsigned int value;
  int result = status_of(call, "Umask: %o", &value);
  if (result == 0) *mask = (mode_t)value;
  return result;
}

int still_waits(int listener, const struct seccomp_notif *call)
{
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0 ? 0 : -ESRCH;
}
