#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "fail.h"

static const int held[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

static sigset_t held_set(void)
{
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) sigaddset(&set, held[i]);
  return set;
}

void hold_signals(void)
{
  sigset_t set = held_set();
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) fail("holding signals");
  signal(SIGPIPE, SIG_IGN);
}

int open_held_signals(void)
{
  sigset_t set = held_set();
  int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) fail("signalfd");
  return descriptor;
}

void reset_signals(void)
{
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) fail("resetting signals");
}

void raise_deadly(int number)
{
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  signal(number, SIG_DFL);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  raise(number);
}
