#include "self-test.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

static void expect_refused(const char *what, long result, int error)
{
  if (result >= 0) fail_because(what, "is not refused");
  if (errno != error) fail(what);
}

static void test_refusals(void)
{
  expect_refused("UDP", socket(AF_INET, SOCK_DGRAM, 0), EAFNOSUPPORT);
  expect_refused("raw sockets", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EAFNOSUPPORT);
  expect_refused("user namespaces", unshare(CLONE_NEWUSER), EPERM);
  expect_refused("io_uring", syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) fail_because("no_new_privs", "is not set");
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2) fail_because("the filter", "is not in force");
}

static void test_unix(void)
{
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail("a pair of Unix sockets");
  expect_refused("TCP", socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT);
  expect_refused("TCP over IPv6", socket(AF_INET6, SOCK_STREAM, 0), EAFNOSUPPORT);
}

static void expect_own_and_on_loopback(int made)
{
  struct stat facts;
  if (fstat(made, &facts) != 0 || facts.st_uid != getuid()) fail_because("a socket", "is somebody else's");
  char device[16] = "";
  socklen_t size = sizeof device;
  if (getsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, device, &size) != 0) fail("asking for a socket's device");
  if (strcmp(device, "lo") != 0) fail_because("a socket", "is not bound to the loopback device");
}

/* A server and a client, both at this address. */
static void test_conversation(struct sockaddr_storage address, socklen_t size)
{
  struct sockaddr *at = (struct sockaddr *)&address;
  socklen_t filled = size;
  int server = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0) fail("a TCP socket");
  expect_own_and_on_loopback(server);
  if (bind(server, at, size) != 0) fail("bind on loopback");
  if (listen(server, 1) != 0 || getsockname(server, at, &filled) != 0) fail("listen on loopback");
  int client = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (client < 0 || connect(client, at, size) != 0) fail("connect on loopback");
  int accepted = accept(server, NULL, NULL);
  if (accepted < 0) fail("accept on loopback");
  expect_own_and_on_loopback(accepted);
  char letter = 'a';
  if (write(client, &letter, 1) != 1 || read(accepted, &letter, 1) != 1) fail("a word over loopback");
  close(accepted);
  close(client);
  close(server);
}

static void test_ipv4(void)
{
  struct sockaddr_storage address = {.ss_family = AF_INET};
  ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  test_conversation(address, sizeof(struct sockaddr_in));
}

/* A machine may be without; but not half. */
static void test_ipv6(void)
{
  struct sockaddr_storage address = {.ss_family = AF_INET6};
  ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
  int made = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0 && errno == EAFNOSUPPORT) return;
  if (made < 0) fail("a TCP socket of IPv6");
  int is_bound = bind(made, (struct sockaddr *)&address, sizeof(struct sockaddr_in6));
  int error = errno;
  expect_own_and_on_loopback(made);
  close(made);
  errno = error;
  if (is_bound == 0) test_conversation(address, sizeof(struct sockaddr_in6));
  else if (errno != EADDRNOTAVAIL) fail("bind to ::1");
}

/* 192.0.2.1 is nobody's (RFC 5737). */
static void test_outside(void)
{
  struct sockaddr_in outside = {.sin_family = AF_INET, .sin_port = htons(443)};
  outside.sin_addr.s_addr = htonl(0xc0000201);
  int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) fail("a TCP socket");
  expect_refused("connecting to elsewhere", connect(made, (struct sockaddr *)&outside, sizeof outside), ENETUNREACH);
  close(made);
}

int self_test(const struct options *options)
{
  test_refusals();
  if (options->network != NETWORK_LOOPBACK) {
    test_unix();
    return 0;
  }
  test_ipv4();
  test_ipv6();
  test_outside();
  return 0;
}
