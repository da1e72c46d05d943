#ifndef GUARD_REFUSED_CALLS_H
#define GUARD_REFUSED_CALLS_H

#include "program.h"

/* Adds the refusal of every call that the agent has no use for, whatever its arguments; the call's number is loaded. */
void refuse_calls(struct program *program);

#endif
