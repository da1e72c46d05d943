#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

void close_from(unsigned int first)
{
  if (syscall(SYS_close_range, first, ~0U, 0) != 0) fail("close_range");
}

/* One that is missing would be the number of the next that is opened here, and the agent's then. */
static void open_missing(int descriptor)
{
  if (fcntl(descriptor, F_GETFD) >= 0) return;
  if (open("/dev/null", O_RDWR) != descriptor) fail("/dev/null in the place of a closed descriptor");
}

static void refuse_network(int descriptor)
{
  int domain = AF_UNSPEC;
  socklen_t size = sizeof domain;
  if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) {
    if (errno == ENOTSOCK || errno == EBADF) return;
    fail("looking at the standard descriptors");
  }
  if (domain != AF_UNIX) fail_because("a standard descriptor", "is a network socket");
}

void keep_standard_descriptors(void)
{
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
    open_missing(descriptor);
    refuse_network(descriptor);
  }
  close_from(STDERR_FILENO + 1);
}
