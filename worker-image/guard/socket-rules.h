#ifndef GUARD_SOCKET_RULES_H
#define GUARD_SOCKET_RULES_H

#include "options.h"
#include "program.h"

/* Adds what is said of the calls about sockets; the call's number is loaded. */
void socket_rules(struct program *program, enum network network);

#endif
