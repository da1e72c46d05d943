#include "limits.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"

/* Never more than was found: that would need a capability, and a stricter limit is somebody's wish. */
static void set_limit(__rlimit_resource_t resource, rlim_t wanted, const char *name)
{
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) fail(name);
  rlim_t value = wanted < limit.rlim_max ? wanted : limit.rlim_max;
  limit = (struct rlimit){.rlim_cur = value, .rlim_max = value};
  if (setrlimit(resource, &limit) != 0) fail(name);
}

/* Out of memory the kernel takes the agent, not the supervisor. A kernel without this file takes whom it likes. */
static void be_taken_first(void)
{
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (write(file, "1000", strlen("1000")) < 0) fail("oom_score_adj");
  close(file);
}

void set_limits(const struct options *options)
{
  be_taken_first();
  set_limit(RLIMIT_CORE, 0, "the limit of core files");
  if (options->processes != RLIM_INFINITY) set_limit(RLIMIT_NPROC, options->processes, "--nproc");
  if (options->data_bytes != RLIM_INFINITY) set_limit(RLIMIT_DATA, options->data_bytes, "--data");
  if (options->file_bytes != RLIM_INFINITY) set_limit(RLIMIT_FSIZE, options->file_bytes, "--fsize");
}
