#include "probe.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "launch.h"
#include "self-test.h"

enum { EXIT_LOOPBACK = 0, EXIT_UNIX = 3, EXIT_NOTHING = 4 };

struct reason {
  char text[300];
};

static _Noreturn void attempt_in_child(const struct options *options, int complaints)
{
  if (dup2(complaints, STDERR_FILENO) < 0) _exit(EXIT_GUARD);
  end_like(launch(options, self_test));
}

/* What was complained of, fit to stand between quotation marks. */
static void read_reason(int complaints, struct reason *reason)
{
  size_t length = 0;
  ssize_t count;
  while (length < sizeof reason->text - 1 &&
         (count = read(complaints, reason->text + length, sizeof reason->text - 1 - length)) > 0)
    length += (size_t)count;
  reason->text[length] = '\0';
  for (char *letter = reason->text; *letter != '\0'; letter++)
    if (!isprint((unsigned char)*letter) || *letter == '"' || *letter == '\\') *letter = ' ';
  while (length > 0 && reason->text[length - 1] == ' ') reason->text[--length] = '\0';
  if (length == 0) strcpy(reason->text, "it ended without a word");
}

static bool attempt(struct options options, struct reason *reason)
{
  int complaints[2];
  if (pipe2(complaints, O_CLOEXEC) != 0) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) attempt_in_child(&options, complaints[1]);
  close(complaints[1]);
  read_reason(complaints[0], reason);
  close(complaints[0]);
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waiting for the attempt");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int probe(const struct options *options)
{
  struct options tried = *options;
  struct reason no_loopback;
  struct reason no_unix;
  tried.network = NETWORK_LOOPBACK;
  for (int alone = 1; alone >= 0; alone--) {
    tried.is_alone = alone == 1;
    if (!attempt(tried, &no_loopback)) continue;
    printf("{\"network\":\"loopback\",\"isAlone\":%s}\n", tried.is_alone ? "true" : "false");
    return EXIT_LOOPBACK;
  }
  tried.network = NETWORK_UNIX;
  if (attempt(tried, &no_unix)) {
    printf("{\"network\":\"unix\",\"because\":\"%s\"}\n", no_loopback.text);
    return EXIT_UNIX;
  }
  printf("{\"network\":\"nothing\",\"because\":\"%s\"}\n", no_unix.text);
  return EXIT_NOTHING;
}
