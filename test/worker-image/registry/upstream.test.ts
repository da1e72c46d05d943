import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRegistryBench } from '#test/support/registry-proxy.ts';

let bench: Awaited<ReturnType<typeof startRegistryBench>>;
beforeEach(async () => {
  bench = await startRegistryBench();
});
afterEach(() => bench.close());

const npm = 'https://registry.npmjs.org/';
const hold = (address: string, body = 'held') =>
  bench.twin.hold(address, { type: 'application/octet-stream', body });
const statusOf = async (url: string) => (await fetch(url)).status;
const refusals = () => bench.log.lines.filter(({ message }) => message === 'registry request refused');

describe('a redirect', () => {
  const redirect = (location: string) =>
    bench.twin.hold(`${npm}tool`, (_, response) => response.writeHead(302, { location }).end());

  it('is followed within the registry', async () => {
    const stored = 'https://storage.googleapis.com/proxy-golang-org-prod/m.zip';
    hold(stored, 'a module');
    bench.twin.hold('https://proxy.golang.org/m.zip', (_, response) =>
      response.writeHead(302, { location: stored }).end(),
    );
    const proxy = await bench.open();
    expect(await (await fetch(`${proxy.at('goproxy')}m.zip`)).text()).toBe('a module');
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://169.254.169.254/',
    'https://169.254.170.2/v2/credentials',
    'https://0xa9fea9fe/',
    'https://2852039166/',
    'https://0251.0376.0251.0376/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[fd00:ec2::254]/',
    'https://127.0.0.1/',
    'https://localhost/',
    'https://metadata.google.internal/',
    'https://registry.npmjs.org.evil.example/tool',
    'https://registry.npmjs.org@evil.example/tool',
    'https://me:secret@registry.npmjs.org/tool',
    'https://registry.npmjs.org:8443/tool',
    'http://registry.npmjs.org/tool',
    '//evil.example/tool',
    'https://pypi.org/simple/',
    'file:///etc/passwd',
    'https://[',
  ])('to %s is not followed', async (location) => {
    redirect(location);
    const proxy = await bench.open();
    const answer = await fetch(`${proxy.at('npm')}tool`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([502, null]);
    expect(bench.twin.asked).toHaveLength(1);
    expect(refusals()).toMatchObject([{ fields: { why: 'redirect_leaves_registry' } }]);
  });

  it('to itself ends', async () => {
    redirect(`${npm}tool`);
    const proxy = await bench.open();
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
    expect(bench.twin.asked).toHaveLength(6);
  });
});

describe('the address behind a registry’s name', () => {
  const behind = (...answers: string[][]) => {
    const resolved: string[] = [];
    const resolve = (host: string) => {
      resolved.push(host);
      const addresses = answers[Math.min(resolved.length, answers.length) - 1] ?? [];
      return Promise.resolve(
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    return { resolve, resolved };
  };

  it.each([
    '127.0.0.2',
    '169.254.169.254',
    '169.254.170.2',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    'fe80::1',
    '64:ff9b::a9fe:a9fe',
  ])('%s is not connected to', async (address) => {
    hold(`${npm}tool`);
    const proxy = await bench.open({ dial: behind([address]) });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
    expect(refusals()).toMatchObject([{ fields: { why: 'address_not_public', to: 'registry.npmjs.org' } }]);
    expect(bench.twin.asked).toEqual([]);
  });

  it('is not connected to where one among several is private', async () => {
    hold(`${npm}tool`);
    const proxy = await bench.open({ dial: behind(['127.0.0.1', '10.0.0.1']) });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
    expect(bench.twin.asked).toEqual([]);
  });

  it('is the one that was checked, asked for once', async () => {
    hold(`${npm}tool`);
    const names = behind(['127.0.0.1'], ['169.254.169.254']);
    const proxy = await bench.open({ dial: names });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(200);
    expect(names.resolved).toEqual(['registry.npmjs.org']);
  });

  it('is checked again where the name is asked again', async () => {
    bench.twin.hold(`${npm}tool`, (_, response) => response.setHeader('connection', 'close').end('held'));
    const names = behind(['127.0.0.1'], ['169.254.169.254']);
    const proxy = await bench.open({ dial: names });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(200);
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
    expect(names.resolved).toHaveLength(2);
    expect(bench.twin.asked).toHaveLength(1);
  });

  it('has to show the registry’s certificate', async () => {
    hold(`${npm}tool`);
    const { ca: _, ...dial } = bench.dial;
    const proxy = await bench.open({ dial: { ...dial, ca: '' } });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
    expect(bench.twin.asked).toEqual([]);
  });
});
