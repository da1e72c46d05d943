#ifndef GUARD_SERVE_H
#define GUARD_SERVE_H

#include "options.h"

/* Answers the calls of the child and of all that it starts, and passes signals on, until the child ends. A wait status. */
int serve(pid_t child, int listener, const struct options *options);
/* The same without a listener. */
int wait_for(pid_t child);

#endif
