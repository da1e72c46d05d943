#ifndef GUARD_KILL_H
#define GUARD_KILL_H

#include <stdbool.h>
#include <sys/types.h>

/* Kills every process of the uid, however it forks. False when one still lives after some seconds. */
bool kill_all_of(uid_t uid, gid_t gid);

#endif
