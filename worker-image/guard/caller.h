#ifndef GUARD_CALLER_H
#define GUARD_CALLER_H

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The thread that waits for the answer to its call. Whatever is taken from it may be another's if it has died meanwhile:
 * ask still_waits() between taking and using. All give 0 or more, or an error as a negative number.
 */

/* Copies what the call's second argument points to. */
int read_address(const struct seccomp_notif *call, void *address, size_t length);
/* A duplicate of the descriptor in the call's first argument; whoever holds the original cannot exchange it. */
int take_descriptor(const struct seccomp_notif *call);
/* The same of a process by its id. */
int take_descriptor_of(pid_t process, int descriptor);
int open_directory_of(const struct seccomp_notif *call);
int umask_of(const struct seccomp_notif *call, mode_t *mask);
int still_waits(int listener, const struct seccomp_notif *call);

#endif
