#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

const char usage[] =
    "usage: guard --uid U --gid G --net loopback|unix|none [options] -- COMMAND [ARGUMENT]...\n"
    "       guard --probe --uid U --gid G\n"
    "       guard --kill --uid U --gid G\n"
    "\n"
    "Runs a command as another user without rights and without a network. Started by root.\n"
    "  --net loopback   Unix sockets, and TCP on the loopback device; a parent that stays makes its sockets\n"
    "  --alone          with loopback: on a device of its own, without the servers of others (needs CAP_SYS_ADMIN)\n"
    "  --net unix       Unix sockets\n"
    "  --net none       Unix sockets as a client\n"
    "  --chdir DIR      where the command starts, entered with its own rights\n"
    "  --nproc N        processes and threads of the uid\n"
    "  --data BYTES     what one process allocates\n"
    "  --fsize BYTES    one file\n"
    "The command's exit code or signal is passed on; 125: the guard failed, 126: it cannot be executed,\n"
    "127: it was not found.\n"
    "\n"
    "--probe says in one line of JSON what this machine can do, and tries it.\n"
    "0: loopback, 3: unix only, 4: nothing.\n"
    "--kill ends every process of the uid. 0: none lives, 1: one would not end.\n";

/* System users are below; the agent is never one of them. */
enum { FIRST_ORDINARY_ID = 1000, NOBODY = 65534 };

static unsigned long long number(const char *name, const char *text)
{
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) fail_because(name, "not a number");
  return value;
}

static unsigned int ordinary_id(const char *name, const char *text)
{
  unsigned long long value = number(name, text);
  if (value < FIRST_ORDINARY_ID || value == NOBODY || value >= 0xffffffffULL)
    fail_because(name, "not the id of an ordinary user");
  return (unsigned int)value;
}

static enum network network_named(const char *name)
{
  if (strcmp(name, "loopback") == 0) return NETWORK_LOOPBACK;
  if (strcmp(name, "unix") == 0) return NETWORK_UNIX;
  if (strcmp(name, "none") == 0) return NETWORK_NONE;
  fail_because("--net", "loopback, unix or none");
}

static const struct option known[] = {
    {"help", no_argument, NULL, 'h'},        {"probe", no_argument, NULL, 'p'},
    {"kill", no_argument, NULL, 'k'},        {"uid", required_argument, NULL, 'u'},
    {"gid", required_argument, NULL, 'g'},   {"net", required_argument, NULL, 'n'},
    {"chdir", required_argument, NULL, 'c'}, {"nproc", required_argument, NULL, 'N'},
    {"data", required_argument, NULL, 'D'},  {"fsize", required_argument, NULL, 'F'},
    {"alone", no_argument, NULL, 'a'},       {NULL, 0, NULL, 0},
};

static void take(struct options *options, int letter, const char *value)
{
  switch (letter) {
  case 'h': options->task = TASK_HELP; break;
  case 'p': options->task = TASK_PROBE; break;
  case 'k': options->task = TASK_KILL; break;
  case 'u': options->uid = ordinary_id("--uid", value); break;
  case 'g': options->gid = ordinary_id("--gid", value); break;
  case 'a': options->is_alone = true; break;
  case 'n': options->network = network_named(value); break;
  case 'c': options->directory = value; break;
  case 'N': options->processes = number("--nproc", value); break;
  case 'D': options->data_bytes = number("--data", value); break;
  case 'F': options->file_bytes = number("--fsize", value); break;
  default: fail_because("options", "see guard --help");
  }
}

struct options parse_options(int argc, char **argv)
{
  struct options options = {
      .task = TASK_RUN,
      .processes = RLIM_INFINITY,
      .data_bytes = RLIM_INFINITY,
      .file_bytes = RLIM_INFINITY,
  };
  bool has_network = false;
  int letter;
  while ((letter = getopt_long(argc, argv, "+", known, NULL)) != -1) {
    take(&options, letter, optarg);
    if (letter == 'n') has_network = true;
  }
  options.command = argv + optind;
  if (options.task == TASK_HELP) return options;
  if (options.uid == 0 || options.gid == 0) fail_because("options", "--uid and --gid are needed");
  bool has_command = *options.command != NULL;
  if (options.task != TASK_RUN && has_command) fail_because("options", "no command goes with this");
  if (options.task == TASK_RUN && !has_command) fail_because("options", "there is no command");
  if (options.task == TASK_RUN && !has_network) fail_because("options", "--net is needed");
  if (options.is_alone && options.network != NETWORK_LOOPBACK) fail_because("--alone", "goes with --net loopback");
  return options;
}
