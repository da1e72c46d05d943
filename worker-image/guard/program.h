#ifndef GUARD_PROGRAM_H
#define GUARD_PROGRAM_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* A seccomp filter in the making: instructions that look at one loaded word at a time. */
struct program {
  struct sock_filter code[400];
  unsigned short length;
};

/* What the filter says of a call. */
#define ALLOW SECCOMP_RET_ALLOW
#define NOTIFY SECCOMP_RET_USER_NOTIF
#define KILL SECCOMP_RET_KILL_PROCESS
#define REFUSE(error) (SECCOMP_RET_ERRNO | (unsigned int)(error))

void load_architecture(struct program *program);
void load_number(struct program *program);
/* The kernel takes ints here, so the lower half of an argument is all of it. Both machines are little-endian. */
void load_argument(struct program *program, unsigned int index);
void mask(struct program *program, unsigned int bits);

void verdict(struct program *program, unsigned int value);
/* These look at the loaded word and leave it loaded. */
void verdict_if(struct program *program, unsigned int equal, unsigned int value);
void verdict_unless(struct program *program, unsigned int equal, unsigned int value);
void verdict_from(struct program *program, unsigned int least, unsigned int value);
void verdict_if_any(struct program *program, unsigned int bits, unsigned int value);

/*
 * What stands between the two is for this loaded word only, and ends with a verdict: whoever comes to the end of the
 * block has passed it by, with the word still loaded.
 */
unsigned short begin_if(struct program *program, unsigned int equal);
void end_if(struct program *program, unsigned short block);

#endif
