#ifndef GUARD_PROBE_H
#define GUARD_PROBE_H

#include "options.h"

/* Says in one line of JSON what this machine can do; gives the exit code that says the same. */
int probe(const struct options *options);

#endif
