#ifndef GUARD_ALONE_H
#define GUARD_ALONE_H

/* Puts this process, and all that it starts, into a network that has nothing but a loopback device of its own. */
void leave_network(void);

#endif
