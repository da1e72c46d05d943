#include "alone.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"

void leave_network(void)
{
  if (unshare(CLONE_NEWNET) != 0) fail("a network of its own (needs CAP_SYS_ADMIN)");
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) fail("a socket to start the loopback device with");
  struct ifreq device = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  if (ioctl(any, SIOCSIFFLAGS, &device) != 0) fail("starting the loopback device");
  close(any);
}
