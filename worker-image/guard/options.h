#ifndef GUARD_OPTIONS_H
#define GUARD_OPTIONS_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

enum task { TASK_HELP, TASK_RUN, TASK_PROBE, TASK_KILL };

enum network {
  /* Unix sockets as a client; nothing can be bound. */
  NETWORK_NONE,
  /* Unix sockets. */
  NETWORK_UNIX,
  /* Unix sockets, and TCP among the processes of this machine. */
  NETWORK_LOOPBACK,
};

struct options {
  enum task task;
  uid_t uid;
  gid_t gid;
  enum network network;
  /* NETWORK_LOOPBACK: on a loopback device that nobody else has. */
  bool is_alone;
  /* NULL: where the guard was started. */
  const char *directory;
  /* RLIM_INFINITY: as it was found. */
  rlim_t processes;
  rlim_t data_bytes;
  rlim_t file_bytes;
  /* Ends with NULL, as execvp wants it. */
  char **command;
};

/* Ends the process with what was wrong when they make no sense. */
struct options parse_options(int argc, char **argv);

extern const char usage[];

#endif
