#include "socket-rules.h"

#include <errno.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { SOCKET_TYPE_BITS = 0xf };

/* From this length on an address has room for the number of a device (struct sockaddr_in6). */
enum { LENGTH_WITH_DEVICE = 28, LENGTH_OF_IPV4 = 16 };

/* TCP of one family is made by the broker. MPTCP and SCTP are streams, too. */
static void stream_rules(struct program *program, unsigned int family)
{
  unsigned short of_family = begin_if(program, family);
  load_argument(program, 1);
  mask(program, SOCKET_TYPE_BITS);
  unsigned short stream = begin_if(program, SOCK_STREAM);
  load_argument(program, 2);
  verdict_if(program, 0, NOTIFY);
  verdict_if(program, IPPROTO_TCP, NOTIFY);
  verdict(program, REFUSE(EPROTONOSUPPORT));
  end_if(program, stream);
  verdict(program, REFUSE(EAFNOSUPPORT));
  end_if(program, of_family);
}

/* It lists devices and addresses, which libc and Node ask for; without a capability it changes nothing. */
static void netlink_rules(struct program *program)
{
  unsigned short netlink = begin_if(program, AF_NETLINK);
  load_argument(program, 2);
  verdict_if(program, NETLINK_ROUTE, ALLOW);
  verdict(program, REFUSE(EAFNOSUPPORT));
  end_if(program, netlink);
}

static void creation_rules(struct program *program, enum network network)
{
  unsigned short pair = begin_if(program, SYS_socketpair);
  load_argument(program, 0);
  verdict_if(program, AF_UNIX, ALLOW);
  verdict(program, REFUSE(EAFNOSUPPORT));
  end_if(program, pair);

  unsigned short made = begin_if(program, SYS_socket);
  load_argument(program, 0);
  verdict_if(program, AF_UNIX, ALLOW);
  if (network == NETWORK_LOOPBACK) {
    netlink_rules(program);
    stream_rules(program, AF_INET);
    stream_rules(program, AF_INET6);
  }
  verdict(program, REFUSE(EAFNOSUPPORT));
  end_if(program, made);
}

/*
 * bind() with a link-local address and a device moves an IPv6 socket to that device, without a right to and even when it
 * fails. So the broker binds where an address has room for a device. A socket that another process hands to one that has
 * no broker must not be moved either.
 */
static void bind_rules(struct program *program, enum network network)
{
  if (network == NETWORK_UNIX) return; /* then no process of the uid has a socket that could be moved */
  if (network == NETWORK_NONE) {
    verdict_if(program, SYS_bind, REFUSE(EACCES));
    return;
  }
  unsigned short block = begin_if(program, SYS_bind);
  load_argument(program, 2);
  verdict_from(program, LENGTH_WITH_DEVICE, NOTIFY);
  verdict(program, ALLOW);
  end_if(program, block);
}

/* Only to fail at once where nothing answers: the socket's own device keeps it in. */
static void connect_rules(struct program *program)
{
  unsigned short block = begin_if(program, SYS_connect);
  load_argument(program, 2);
  verdict_if(program, LENGTH_OF_IPV4, NOTIFY);
  verdict_if(program, LENGTH_WITH_DEVICE, NOTIFY);
  verdict(program, ALLOW);
  end_if(program, block);
}

/* It would connect without connect(). */
static void fast_open_rules(struct program *program, unsigned int call, unsigned int flags)
{
  unsigned short block = begin_if(program, call);
  load_argument(program, flags);
  verdict_if_any(program, MSG_FASTOPEN, REFUSE(EOPNOTSUPP));
  verdict(program, ALLOW);
  end_if(program, block);
}

static void refuse_option(struct program *program, unsigned int level, const unsigned int *names)
{
  unsigned short of_level = begin_if(program, level);
  load_argument(program, 2);
  for (; *names != 0; names++) verdict_if(program, *names, REFUSE(EPERM));
  verdict(program, ALLOW);
  end_if(program, of_level);
}

/* Nothing of it leads out of the device, as far as is known: routes by source, devices by option, other protocols. */
static void option_rules(struct program *program)
{
  static const unsigned int socket_options[] = {SO_BINDTODEVICE, SO_BINDTOIFINDEX, SO_MARK, 0};
  static const unsigned int ip_options[] = {IP_OPTIONS, IP_UNICAST_IF, IP_TRANSPARENT, 0};
  static const unsigned int ipv6_options[] = {
      IPV6_RTHDR,        IPV6_2292RTHDR,   IPV6_2292PKTOPTIONS, IPV6_PKTINFO,
      IPV6_2292PKTINFO,  IPV6_UNICAST_IF,  IPV6_ADDRFORM,       IPV6_TRANSPARENT,
      IPV6_HOPOPTS,      IPV6_DSTOPTS,     IPV6_RTHDRDSTOPTS,   IPV6_2292HOPOPTS,
      IPV6_2292DSTOPTS,  0,
  };
  static const unsigned int tcp_options[] = {TCP_ULP, TCP_REPAIR, TCP_FASTOPEN_CONNECT, 0};
  unsigned short block = begin_if(program, SYS_setsockopt);
  load_argument(program, 1);
  refuse_option(program, SOL_SOCKET, socket_options);
  refuse_option(program, IPPROTO_IP, ip_options);
  refuse_option(program, IPPROTO_IPV6, ipv6_options);
  refuse_option(program, IPPROTO_TCP, tcp_options);
  verdict(program, ALLOW);
  end_if(program, block);
}

void socket_rules(struct program *program, enum network network)
{
  creation_rules(program, network);
  bind_rules(program, network);
  if (network != NETWORK_LOOPBACK) return;
  connect_rules(program);
  fast_open_rules(program, SYS_sendto, 3);
  fast_open_rules(program, SYS_sendmsg, 2);
  fast_open_rules(program, SYS_sendmmsg, 3);
  option_rules(program);
}
