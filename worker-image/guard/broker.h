#ifndef GUARD_BROKER_H
#define GUARD_BROKER_H

#include <stdbool.h>

#include "options.h"

/* Answers calls that wait at a listener: sockets, bind() with room for a device, connect(). */
struct broker {
  int listener;
  uid_t uid;
  gid_t gid;
  struct seccomp_notif *call;
  size_t call_size;
};

struct broker open_broker(int listener, const struct options *options);
void answer_next_call(struct broker *broker);

#endif
