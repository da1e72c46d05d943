// A proxy in front of the registry twin, and a client that sends what it is told, well formed or not.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Registry, RegistryName } from '#core/registries.ts';
import { registries } from '#core/registries.ts';
import { startRegistryTwin } from '#local/registry/twin.ts';
import { aLog } from '#test/support/fakes.ts';
import type { ProxyLimits, RegistryProxy } from '#worker/registry/proxy.ts';
import { startRegistryProxy } from '#worker/registry/proxy.ts';
import { isPublicAddress } from '#worker/registry/public-address.ts';
import type { Dial } from '#worker/registry/upstream.ts';

type Gate = { dial?: Partial<Dial>; limits?: Partial<ProxyLimits>; registries?: Record<string, Registry> };

export const startRegistryBench = async () => {
  const twin = await startRegistryTwin();
  const log = aLog();
  const proxies: RegistryProxy[] = [];
  /** Of all loopback only the twin's address counts as the outside. */
  const dial: Dial = {
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    isAllowed: (address) => address === '127.0.0.1' || isPublicAddress(address),
    port: twin.port,
    ca: twin.ca,
  };
  const open = async (gate: Gate = {}) => {
    const proxy = await startRegistryProxy({
      registries: gate.registries ?? registries,
      dial: { ...dial, ...gate.dial },
      limits: {
        answerBytes: 1e6,
        phaseBytes: 1e7,
        questions: 100,
        parallel: 4,
        answerMs: 20_000,
        ...gate.limits,
      },
      log: log.log,
      signal: new AbortController().signal,
    });
    proxies.push(proxy);
    const at = (registry: RegistryName) => `${proxy.url}/${registry}/`;
    return { ...proxy, at, raw: (message: string) => raw(proxy.url, message) };
  };
  const close = async () => {
    for (const proxy of proxies) await proxy.close();
    await twin.close();
  };
  return { twin, dial, log, open, close };
};

/** The bytes as they are, and the first line of what comes back; empty when nothing does. */
const raw = async (url: string, message: string): Promise<string> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.end(message);
  return (await text(socket)).split('\r\n')[0] ?? '';
};
