// The package registries, all of them behind one TLS port of loopback. They hold what they are given and remember who asked what.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { registries } from '#core/registries.ts';
import { makeCertificate } from './certificate.ts';

type Held = { type: string; body: string | Uint8Array };
type Play = (request: IncomingMessage, response: ServerResponse) => void;
type Asked = { method: string; address: string; headers: IncomingMessage['headers'] };

export type RegistryTwin = Awaited<ReturnType<typeof startRegistryTwin>>;

export const startRegistryTwin = async () => {
  const held = new Map<string, Held | Play>();
  const asked: Asked[] = [];
  const { key, cert } = await makeCertificate(hosts);
  const server = createServer({ key, cert }, (request, response) => {
    const { method = '', url = '', headers } = request;
    const address = `https://${headers.host}${url}`;
    asked.push({ method, address, headers });
    const found = held.get(address);
    if (typeof found === 'function') return found(request, response);
    if (!found) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    response.writeHead(200, { 'content-type': found.type, 'content-length': found.body.length });
    response.end(method === 'HEAD' ? undefined : found.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    port,
    ca: cert,
    asked,
    /** By its whole address. */
    hold: (address: string, what: Held | Play) => void held.set(address, what),
    close,
  };
};

const hosts = Object.values(registries).flatMap((registry) =>
  [
    ...registry.routes.map(([, address]) => address),
    ...('redirects' in registry ? registry.redirects : []),
  ].map((address) => new URL(address).hostname),
);
