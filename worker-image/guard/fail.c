#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fail_because(const char *what, const char *why)
{
  dprintf(STDERR_FILENO, "guard: %s: %s\n", what, why);
  _exit(EXIT_GUARD);
}

void fail(const char *what)
{
  fail_because(what, strerror(errno));
}
