#ifndef GUARD_DESCRIPTORS_H
#define GUARD_DESCRIPTORS_H

/* Leaves 0 to 2, all three open and none a way to the network, and nothing else. */
void keep_standard_descriptors(void);
void close_from(unsigned int first);

#endif
