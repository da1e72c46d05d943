import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = { method: string; path: string; headers: Record<string, unknown>; body: string };
export type Answer =
  | { status?: number; headers?: Record<string, string>; json?: unknown; body?: string }
  | 'cut'
  | 'hang';

/** A server on loopback that answers as the function says and remembers what it was asked. */
export const startServer = async (answer: (request: Seen) => Answer) => {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(one);
    const given = answer(one);
    if (given === 'hang') return;
    if (given === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...given.headers });
    response.end(given.body ?? (given.json === undefined ? '' : JSON.stringify(given.json)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, seen, close };
};
