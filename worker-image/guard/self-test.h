#ifndef GUARD_SELF_TEST_H
#define GUARD_SELF_TEST_H

#include "options.h"

/* Run confined: whether what is refused is refused, and what is promised works. 0, or it ends with what does not hold. */
int self_test(const struct options *options);

#endif
