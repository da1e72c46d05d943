#include "filter.h"

#include <errno.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"
#include "refused-calls.h"
#include "socket-rules.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filter is written for x86_64 and arm64"
#endif

enum {
  X32_CALLS = 0x40000000,
  /* file_setattr of Linux 6.17: what came later has been looked at by nobody here, and is not there for the agent. */
  LAST_REVIEWED_CALL = 469,
};

static void clone_rules(struct program *program)
{
  unsigned int namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                            CLONE_NEWPID | CLONE_NEWNET;
  unsigned short block = begin_if(program, SYS_clone);
  load_argument(program, 0);
  verdict_if_any(program, namespaces, REFUSE(EPERM));
  verdict(program, ALLOW);
  end_if(program, block);
}

/* A terminal that was handed in could be typed into. */
static void ioctl_rules(struct program *program)
{
  unsigned short block = begin_if(program, SYS_ioctl);
  load_argument(program, 1);
  verdict_if(program, TIOCSTI, REFUSE(EPERM));
  verdict_if(program, TIOCLINUX, REFUSE(EPERM));
  verdict(program, ALLOW);
  end_if(program, block);
}

void build_filter(struct program *program, enum network network)
{
  *program = (struct program){.length = 0};
  load_architecture(program);
  verdict_unless(program, ARCHITECTURE, KILL);
  load_number(program);
#ifdef __x86_64__
  verdict_from(program, X32_CALLS, REFUSE(ENOSYS)); /* the same calls by other numbers */
#endif
  verdict_from(program, LAST_REVIEWED_CALL + 1, REFUSE(ENOSYS));
  refuse_calls(program);
  clone_rules(program);
  ioctl_rules(program);
  socket_rules(program, network);
  verdict(program, ALLOW);
}

static int set_filter(const struct sock_fprog *filter, unsigned long flags)
{
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
}

int install_filter(enum network network)
{
  struct program program;
  build_filter(&program, network);
  struct sock_fprog filter = {.len = program.length, .filter = program.code};
  if (network != NETWORK_LOOPBACK) {
    if (set_filter(&filter, 0) != 0) fail("seccomp");
    return -1;
  }
  /* Linux 5.19: a caller that waits is woken by a deadly signal only, else Go's timers would break off every call */
  int listener = set_filter(&filter, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  if (listener < 0) listener = set_filter(&filter, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (listener < 0) fail("seccomp with a listener");
  return listener;
}
