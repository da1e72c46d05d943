#ifndef GUARD_IDENTITY_H
#define GUARD_IDENTITY_H

#include <sys/types.h>

/* Makes this process the agent's for good: its ids, no other group, no capability and no way to one. */
void become(uid_t uid, gid_t gid);

/* What this process makes from now on is the agent's; the rights stay. 0, or -1 and errno. */
int make_for(uid_t uid, gid_t gid);

/*
 * Touches files as the agent would, without being a process that the agent may signal: the ids for files are its own,
 * every capability is gone. For a child that ends soon. 0, or -1 and errno.
 */
int borrow_file_rights(uid_t uid, gid_t gid);

#endif
