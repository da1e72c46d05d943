// fauxqs without a socket of its own: it would listen on all interfaces. Our servers pass it what they are asked.
import { buildApp } from 'fauxqs';
import { region } from './names.ts';
import type { Answer, Question } from './server.ts';

export type Emulator = ReturnType<typeof createEmulator>;

/** The emulator's own limit on a request. */
export const maxBodyBytes = 11 * 1024 * 1024;

export const createEmulator = () => {
  const app = buildApp({ logger: false, defaultRegion: region });

  const ask = async (call: Call): Promise<Answer & { body: Buffer }> => {
    const { statusCode, headers, rawPayload } = await app.inject(call);
    return { status: statusCode, headers, body: rawPayload };
  };
  /** The same request, as it came. */
  const pass = ({ request, body }: Question) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !ofTheSocket.has(name)),
    );
    const method = request.method as Call['method']; // it answers 404 to any other
    return ask({ method, url: request.url ?? '/', headers, payload: body });
  };
  return { ask, pass, close: () => app.close() };
};

const ofTheSocket = new Set(['connection', 'expect', 'keep-alive', 'transfer-encoding']);

type Call = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  url: string;
  headers?: Record<string, string | string[] | undefined>;
  payload?: Buffer | string;
};
