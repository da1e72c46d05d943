#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alone.h"
#include "caller.h"
#include "descriptors.h"
#include "fail.h"
#include "filter.h"
#include "identity.h"
#include "kill.h"
#include "limits.h"
#include "serve.h"
#include "signals.h"

/* Two pipes by which the two halves of a launch wait for each other. */
struct meeting {
  int listener_from_child[2];
  int go_from_parent[2];
};

static void confine(const struct options *options)
{
  set_limits(options);
  become(options->uid, options->gid);
  if (options->directory != NULL && chdir(options->directory) != 0) fail(options->directory);
}

static void die_with_parent(pid_t parent)
{
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail("the signal at the parent's death");
  if (getppid() != parent) _exit(EXIT_GUARD); /* it died before that */
}

static _Noreturn void be_child(const struct options *options, const struct meeting *meeting, pid_t parent, confined run)
{
  /* a group of its own: what is sent to the guard's group comes here once, by the guard */
  if (setsid() < 0) fail("setsid");
  confine(options);
  die_with_parent(parent);
  int listener = install_filter(options->network);
  char go;
  if (write(meeting->listener_from_child[1], &listener, sizeof listener) != sizeof listener) fail("meeting the parent");
  if (read(meeting->go_from_parent[0], &go, 1) != 1) _exit(EXIT_GUARD); /* it has said why */
  close_from(STDERR_FILENO + 1);
  reset_signals();
  _exit(run(options));
}

/* -1 when the child ended before it had one; it has said why. */
static int take_listener(pid_t child, const struct meeting *meeting)
{
  int number;
  if (read(meeting->listener_from_child[0], &number, sizeof number) != sizeof number) return -1;
  int listener = take_descriptor_of(child, number);
  if (listener < 0) {
    errno = -listener;
    fail("taking over the listener (needs CAP_SYS_PTRACE)");
  }
  if (write(meeting->go_from_parent[1], "g", 1) != 1) return -1;
  return listener;
}

static int launch_with_broker(const struct options *options, confined run)
{
  if (options->is_alone) leave_network();
  struct meeting meeting;
  if (pipe2(meeting.listener_from_child, O_CLOEXEC) != 0 || pipe2(meeting.go_from_parent, O_CLOEXEC) != 0) fail("pipe");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) fail("becoming the reaper");
  hold_signals();
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) be_child(options, &meeting, parent, run);
  close(meeting.listener_from_child[1]);
  close(meeting.go_from_parent[0]);
  int listener = take_listener(child, &meeting);
  int status = listener < 0 ? wait_for(child) : serve(child, listener, options);
  kill_all_of(options->uid, options->gid);
  return status;
}

int launch(const struct options *options, confined run)
{
  if (geteuid() != 0) fail_because("launch", "only root can make a process another user's");
  if (options->network == NETWORK_LOOPBACK) return launch_with_broker(options, run);
  confine(options);
  install_filter(options->network);
  return W_EXITCODE(run(options), 0);
}

int run_command(const struct options *options)
{
  execvp(options->command[0], options->command);
  int error = errno;
  dprintf(STDERR_FILENO, "guard: %s: %s\n", options->command[0], strerror(error));
  return error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

void end_like(int status)
{
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  raise_deadly(WTERMSIG(status));
  _exit(128 + WTERMSIG(status)); /* the first process of a container does not die of a signal */
}
