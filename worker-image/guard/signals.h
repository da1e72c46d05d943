#ifndef GUARD_SIGNALS_H
#define GUARD_SIGNALS_H

/* Blocks the signals that this process hears at a descriptor: a child's end, and what is passed on to the command. */
void hold_signals(void);
/* Where they arrive from then on, as struct signalfd_siginfo. */
int open_held_signals(void);
/* In a child: as a program expects to find them. */
void reset_signals(void);
/* Dies of it, without a core file. Comes back only where that cannot be. */
void raise_deadly(int signal);

#endif
