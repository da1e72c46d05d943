// A way to a server that a test can make slow, silent or cut.
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

type Place = { host: string; port: number };
type Pair = { client: Socket; server: Socket };

export type TcpProxy = Awaited<ReturnType<typeof startTcpProxy>>;

export const startTcpProxy = async (target: Place) => {
  let to = target;
  const pairs = new Set<Pair>();
  let silentConnections = 0;
  let lastWords: { text: string; heard: () => void } | undefined;

  /** Once the server has said it, nobody hears it: everything up to there is done, and the connection is gone. */
  const isCutAt = (data: Buffer): boolean => {
    if (!lastWords || !data.includes(lastWords.text)) return false;
    lastWords.heard();
    lastWords = undefined;
    return true;
  };

  const listener = createServer((client) => {
    if (silentConnections > 0) {
      silentConnections -= 1;
      client.on('error', () => {});
      return client.resume();
    }
    const server = connect(to);
    const pair = { client, server };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => {
      if (isCutAt(data)) end();
      else client.write(data);
    });
    return client;
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  // a server that listens has a port
  const { port } = listener.address() as AddressInfo;
  const cut = () => {
    for (const { client } of pairs) client.destroy();
  };
  return {
    host: '127.0.0.1',
    port,
    redirect: (target: Place) => {
      to = target;
    },
    /** The connections that are open now stay so, and nothing passes any more, not even their end. */
    silence: () => {
      for (const { client, server } of pairs) for (const socket of [client, server]) socket.pause();
    },
    /** So many connections from now on get no answer at all. */
    ignoreConnections: (count: number) => {
      silentConnections = count;
    },
    /** Cuts the connection on which the server says this, before it is heard; resolves then. */
    cutAtAnswer: (text: string) =>
      new Promise<void>((heard) => {
        lastWords = { text, heard };
      }),
    cut,
    close: async () => {
      cut();
      listener.close();
    },
  };
};
