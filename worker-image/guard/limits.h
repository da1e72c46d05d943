#ifndef GUARD_LIMITS_H
#define GUARD_LIMITS_H

#include "options.h"

/* On this process and on all that it starts; nobody without rights gets them off again. */
void set_limits(const struct options *options);

#endif
