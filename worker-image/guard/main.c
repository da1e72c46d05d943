/* Starts, and ends, everything that runs as the agent: another user, without rights and without a network. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "descriptors.h"
#include "fail.h"
#include "kill.h"
#include "launch.h"
#include "options.h"
#include "probe.h"

int main(int argc, char **argv)
{
  keep_standard_descriptors();
  struct options options = parse_options(argc, argv);
  switch (options.task) {
  case TASK_HELP: return fputs(usage, stdout) < 0 ? EXIT_GUARD : 0;
  case TASK_PROBE: return probe(&options);
  case TASK_KILL: return kill_all_of(options.uid, options.gid) ? 0 : 1;
  case TASK_RUN: end_like(launch(&options, run_command));
  }
  fail_because("options", "see guard --help");
}
