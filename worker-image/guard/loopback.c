#include "loopback.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* Attempts before a connection that nobody takes is given up: 15 s, where may_answer() could not look. */
static const int attempts = 3;
static const char device[] = "lo";

int loopback_socket(int family, int type)
{
  int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), 0);
  if (made < 0) return -errno;
  if (setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, device, sizeof device) != 0) {
    int error = errno;
    close(made);
    return -error;
  }
  setsockopt(made, IPPROTO_TCP, TCP_SYNCNT, &attempts, sizeof attempts); /* a comfort: it may fail */
  return made;
}

static bool is_loopback_ipv4(in_addr_t address)
{
  return address == htonl(INADDR_ANY) || ntohl(address) >> 24 == IN_LOOPBACKNET;
}

static bool is_loopback_ipv6(const struct in6_addr *address)
{
  if (IN6_IS_ADDR_V4MAPPED(address)) {
    in_addr_t mapped;
    memcpy(&mapped, &address->s6_addr[12], sizeof mapped);
    return is_loopback_ipv4(mapped);
  }
  return IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address);
}

bool may_answer(const struct sockaddr_storage *address, size_t length)
{
  if (address->ss_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    struct sockaddr_in ipv4;
    memcpy(&ipv4, address, sizeof ipv4);
    return is_loopback_ipv4(ipv4.sin_addr.s_addr);
  }
  if (address->ss_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
    struct sockaddr_in6 ipv6;
    memcpy(&ipv6, address, sizeof ipv6);
    return is_loopback_ipv6(&ipv6.sin6_addr);
  }
  return true;
}
