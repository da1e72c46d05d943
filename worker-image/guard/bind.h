#ifndef GUARD_BIND_H
#define GUARD_BIND_H

#include <linux/seccomp.h>
#include <sys/types.h>

/*
 * Carries out a bind() for its caller, on a duplicate of the socket and with a copy of the address, so that neither can
 * be exchanged after it was looked at. 0, or an error as a negative number.
 */
int bind_for(const struct seccomp_notif *call, int listener, uid_t uid, gid_t gid);

#endif
