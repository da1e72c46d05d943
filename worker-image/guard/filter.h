#ifndef GUARD_FILTER_H
#define GUARD_FILTER_H

#include "options.h"
#include "program.h"

/* Which calls are refused, and which the broker carries out (NETWORK_LOOPBACK). */
void build_filter(struct program *program, enum network network);

/*
 * Puts it on this process and all that it starts, for good. For NETWORK_LOOPBACK it gives the descriptor at which the
 * calls to carry out arrive, else -1.
 */
int install_filter(enum network network);

#endif
