// One signed request to the App's webhook.
import { createHmac } from 'node:crypto';
import type { Site } from './site.ts';

export type Envelope = { guid: string; event: string; body: string };

/** https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers */
export const hookHeaders = (site: Site, secret: string, { guid, event, body }: Envelope) => {
  const signature = (algorithm: string) => createHmac(algorithm, secret).update(body).digest('hex');
  return {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/7a1c0de',
    'x-github-delivery': guid,
    'x-github-event': event,
    'x-github-hook-id': String(site.app.hookId),
    'x-github-hook-installation-target-id': String(site.app.id),
    'x-github-hook-installation-target-type': 'integration',
    'x-hub-signature': `sha1=${signature('sha1')}`,
    'x-hub-signature-256': `sha256=${signature('sha256')}`,
  };
};

type Post = { headers: Record<string, string>; body: string; signal: AbortSignal };

export const post = async (url: string, { headers, body, signal }: Post) => {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    const response = { headers: Object.fromEntries(answer.headers), body: await answer.text() };
    const status = answer.ok ? 'OK' : answer.statusText || `Invalid HTTP Response: ${answer.status}`;
    return { status, statusCode: answer.status, response };
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    const response = { headers: {}, body: '' };
    return isTimeout
      ? { status: 'timed out', statusCode: 504, response }
      : { status: 'failed to connect', statusCode: 502, response };
  }
};
