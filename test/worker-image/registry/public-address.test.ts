import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '#worker/registry/public-address.ts';

const forbidden = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'link-local, where clouds keep their metadata': ['169.254.169.254', '169.254.170.2', 'fe80::1', 'febf::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd00:ec2::254', 'fec0::1'],
  shared: ['100.64.0.1', '100.127.255.255'],
  'no address of a host': ['0.0.0.0', '0.1.2.3', '::', '255.255.255.255', '224.0.0.1', 'ff02::1'],
  reserved: ['192.0.0.8', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '100::1'],
  documentation: ['2001:db8::1', '3fff::1'],
  'an IPv4 address in IPv6': [
    '::ffff:169.254.169.254',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2001:0:a9fe:a9fe::1',
  ],
  'not given out': ['4000::1', '1000::1', 'e000::1'],
  'no address, or not only one': [
    'localhost',
    '',
    '1',
    '0x7f000001',
    '017700000001',
    '127.1',
    '8.8.8.8:443',
    '2606:4700::1%eth0',
  ],
};

describe('a public address', () => {
  it.each(Object.entries(forbidden))('is not %s', (_, addresses) => {
    expect(addresses.filter((address) => isPublicAddress(address))).toEqual([]);
  });

  it('is what the internet routes', () => {
    const addresses = [
      '1.1.1.1',
      '104.16.0.1',
      '172.15.0.1',
      '172.32.0.1',
      '100.63.0.1',
      '2606:4700::1',
      '2a04:4e42::223',
    ];
    expect(addresses.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});
