// One question to a registry: by HTTPS, to an address that was checked, without anything that says who asks.
import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import type { Registry } from '#core/registries.ts';
import { isPublicAddress } from './public-address.ts';

/** How the registries are reached. Only tests have another one. */
export type Dial = {
  resolve: (host: string) => Promise<LookupAddress[]>;
  isAllowed: (address: string) => boolean;
  port: number;
  /** Certificates to believe, instead of the usual ones. */
  ca?: string;
};

export const publicInternet: Dial = {
  resolve: (host) => lookup(host, { all: true }),
  isAllowed: isPublicAddress,
  port: 443,
};

export type Question = {
  registry: Registry;
  url: URL;
  method: 'GET' | 'HEAD';
  headers: Record<string, string>;
  signal: AbortSignal;
};

/** The registry's last word, after its redirects, or why there is none. */
export type Reply =
  | { kind: 'answer'; answer: IncomingMessage }
  | { kind: 'refused'; why: Refused; to: string };
type Refused = 'redirect_leaves_registry' | 'too_many_redirects' | 'address_not_public';

export type Upstream = { ask: (question: Question) => Promise<Reply>; close: () => void };

const maxRedirects = 5;

export const createUpstream = (dial: Dial, maxSockets: number): Upstream => {
  const agent = new Agent({
    keepAlive: true,
    maxSockets,
    maxTotalSockets: maxSockets,
    lookup: checkedLookup(dial),
    ...(dial.ca !== undefined && { ca: dial.ca }),
  });
  const ask = async (question: Question): Promise<Reply> => {
    let { url } = question;
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const answer = await send({ ...question, url }, { agent, port: dial.port }).catch((error: unknown) => {
        if (error instanceof AddressError) return undefined;
        throw error;
      });
      if (!answer) return { kind: 'refused', why: 'address_not_public', to: url.hostname };
      const { statusCode = 0, headers } = answer;
      if (!redirects.has(statusCode) || headers.location === undefined) return { kind: 'answer', answer };
      answer.destroy(); // its body is for people
      const next = URL.parse(headers.location, url.href);
      if (!next || !belongsTo(question.registry, next))
        return { kind: 'refused', why: 'redirect_leaves_registry', to: next?.hostname ?? '' };
      url = next;
    }
    return { kind: 'refused', why: 'too_many_redirects', to: url.hostname };
  };
  return { ask, close: () => agent.destroy() };
};

const redirects = new Set([301, 302, 303, 307, 308]);

/** By the beginning of the normalised address: so scheme, host and port are those of the table, and nobody's name is in it. */
export const belongsTo = ({ routes, redirects = [] }: Registry, url: URL): boolean =>
  [...routes.map(([, address]) => address), ...redirects].some((address) => url.href.startsWith(address));

class AddressError extends Error {
  readonly code = 'ADDRESS_NOT_PUBLIC';
}

/**
 * Asked for once per connection, and what it gives is what the connection goes to: a name that answers differently the next
 * time is checked again by then.
 */
const checkedLookup =
  (dial: Dial): LookupFunction =>
  (host, { all }, callback) =>
    addressesOf(dial, host, (error, addresses) => {
      const [first] = addresses ?? [];
      if (!first) return callback(error ?? new Error(`${host} has no address`), '');
      return all ? callback(null, addresses) : callback(null, first.address, first.family);
    });

/** One address that is not public among several makes the whole name suspicious. */
const addressesOf = callbackify(async ({ resolve, isAllowed }: Dial, host: string) => {
  const addresses = await resolve(host);
  if (addresses.every(({ address }) => isAllowed(address))) return addresses;
  throw new AddressError(`${host} has an address that is not public`);
});

type Way = { agent: Agent; port: number };

const send = ({ url, method, headers, signal }: Question, { agent, port }: Way): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { hostname, host, pathname, search } = url;
    const path = `${pathname}${search}`;
    const options = { agent, host: hostname, port, path, method, signal, headers: { ...headers, host } };
    request(options, resolve).on('error', reject).end();
  });
