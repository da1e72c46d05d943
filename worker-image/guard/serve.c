#include <linux/seccomp.h>

#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "fail.h"
#include "signals.h"

/* Of whatever has ended, orphans included: true once it was the child. */
static bool reap(pid_t child, int *status)
{
  bool is_over = false;
  int found;
  for (pid_t process; (process = waitpid(-1, &found, WNOHANG)) > 0;) {
    if (process != child) continue;
    *status = found;
    is_over = true;
  }
  return is_over;
}

static bool hear_signals(int signals, pid_t child, int *status)
{
  bool is_over = false;
  struct signalfd_siginfo heard;
  while (read(signals, &heard, sizeof heard) == sizeof heard) {
    if (heard.ssi_signo == SIGCHLD)
      is_over = reap(child, status) || is_over;
    else if (!is_over)
      kill(-child, (int)heard.ssi_signo);
  }
  return is_over;
}

int serve(pid_t child, int listener, const struct options *options)
{
  struct broker broker = open_broker(listener, options);
  struct pollfd watched[] = {
      {.fd = open_held_signals(), .events = POLLIN},
      {.fd = listener, .events = POLLIN},
  };
  int status = 0;
  for (;;) {
    if (poll(watched, 2, -1) < 0) {
      if (errno == EINTR) continue;
      fail("poll");
    }
    if ((watched[0].revents & POLLIN) != 0 && hear_signals(watched[0].fd, child, &status)) return status;
    if ((watched[1].revents & POLLIN) != 0)
      answer_next_call(&broker);
    else if (watched[1].revents != 0)
      watched[1].fd = -1; /* nobody is left under the filter */
  }
}

int wait_for(pid_t child)
{
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waiting for the child");
  return status;
}
