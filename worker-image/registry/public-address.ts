// Which addresses a name of the outside may stand for.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * True for what the internet routes, by IANA's lists of special purposes: not loopback, link-local (there the clouds keep their
 * metadata), private, shared, multicast or reserved, and no IPv6 address that carries an IPv4 one.
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export const isPublicAddress = (address: string): boolean => {
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast);
};

/** All that has been given out so far; the library counts the rest as unicast too. */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
