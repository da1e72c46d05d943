#ifndef GUARD_FAIL_H
#define GUARD_FAIL_H

/* As env(1) and nohup(1) have them. */
enum { EXIT_GUARD = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

/* Says what could not be done and why (errno), and ends the process: nothing of the agent runs half confined. */
_Noreturn void fail(const char *what);
_Noreturn void fail_because(const char *what, const char *why);

#endif
