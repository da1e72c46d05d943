#ifndef GUARD_LAUNCH_H
#define GUARD_LAUNCH_H

#include "options.h"

/* What runs confined. Gives the exit code if it comes back. */
typedef int (*confined)(const struct options *options);

/*
 * Confines a process and runs this in it. For NETWORK_LOOPBACK that is a child, and this process stays, serves it and in the
 * end kills everything of the uid; else it is this process itself. Gives a wait status.
 */
int launch(const struct options *options, confined run);

/* The command of the options in the place of this process. */
int run_command(const struct options *options);

/* Ends this process as another one has ended. */
_Noreturn void end_like(int status);

#endif
