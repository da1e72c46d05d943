#ifndef GUARD_LOOPBACK_H
#define GUARD_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * A TCP socket that reaches the loopback device and no other, whatever is done with it: to undo that takes CAP_NET_RAW.
 * type: SOCK_STREAM, perhaps with SOCK_NONBLOCK. An error as a negative number.
 */
int loopback_socket(int family, int type);

/* Whether a connection to it could come about. What is no IP address is not for us to judge: yes. */
bool may_answer(const struct sockaddr_storage *address, size_t length);

#endif
