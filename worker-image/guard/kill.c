#include "kill.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "identity.h"

static const int patience_seconds = 8;
static const struct timespec between_tries = {.tv_nsec = 5 * 1000 * 1000};

/*
 * One without capabilities, of that uid, may signal just those of the uid. kill(-1) takes them all in one step that no
 * fork comes in between: nobody who lives then can start another.
 * https://man7.org/linux/man-pages/man2/kill.2.html
 */
static void kill_once(uid_t uid, gid_t gid)
{
  pid_t killer = fork();
  if (killer < 0) fail("fork");
  if (killer == 0) {
    become(uid, gid);
    kill(-1, SIGKILL);
    _exit(0);
  }
  int status;
  for (;;) {
    if (waitpid(killer, &status, WUNTRACED) < 0) {
      if (errno == EINTR) continue;
      fail("waiting for the killer");
    }
    if (!WIFSTOPPED(status)) break;
    kill(killer, SIGKILL); /* the others may signal it, too: the next one tries again */
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GUARD) _exit(EXIT_GUARD); /* it has said why */
}

struct looked {
  bool is_of_uid;
  bool is_dead;
};

/* A zombie has ended and waits for somebody to look; unless it is only the first thread that has. */
static struct looked look(const char *process, uid_t uid)
{
  char path[300];
  char line[256];
  struct looked looked = {false, false};
  snprintf(path, sizeof path, "/proc/%s/status", process);
  FILE *status = fopen(path, "re");
  if (status == NULL) return looked; /* it has gone */
  char state = '?';
  unsigned int ids[3]; /* the fourth is for files: a guard that makes sockets for the uid has it, too */
  unsigned int threads = 0;
  while (fgets(line, sizeof line, status) != NULL) {
    sscanf(line, "State: %c", &state);
    sscanf(line, "Threads: %u", &threads);
    if (sscanf(line, "Uid: %u %u %u", &ids[0], &ids[1], &ids[2]) != 3) continue;
    for (int i = 0; i < 3; i++) looked.is_of_uid = looked.is_of_uid || ids[i] == uid;
  }
  fclose(status);
  looked.is_dead = (state == 'Z' || state == 'X') && threads <= 1;
  return looked;
}

/* The id of one that lives, or 0. While others' processes exist kill(-1) says nothing of it: it succeeds. */
static pid_t one_alive(uid_t uid)
{
  DIR *processes = opendir("/proc");
  if (processes == NULL) fail("/proc");
  pid_t alive = 0;
  for (struct dirent *entry; alive == 0 && (entry = readdir(processes)) != NULL;) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    struct looked looked = look(entry->d_name, uid);
    if (looked.is_of_uid && !looked.is_dead) alive = (pid_t)atoi(entry->d_name);
  }
  closedir(processes);
  return alive;
}

static void reap_orphans(void)
{
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
}

bool kill_all_of(uid_t uid, gid_t gid)
{
  struct timespec start;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  pid_t alive;
  do {
    kill_once(uid, gid);
    reap_orphans();
    alive = one_alive(uid);
    if (alive == 0) return true;
    nanosleep(&between_tries, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec - start.tv_sec < patience_seconds);
  dprintf(STDERR_FILENO, "guard: process %d of uid %u did not end\n", (int)alive, uid);
  return false;
}
