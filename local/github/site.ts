// The addresses of the twin and the App it knows; and how GitHub writes times and node ids.
import type { KeyObject } from 'node:crypto';
import type { Account, Permissions } from './world.ts';

export type Site = {
  /** As on GitHub Enterprise Server: {webUrl}/api/v3. */
  apiUrl: string;
  webUrl: string;
  app: {
    id: number;
    slug: string;
    name: string;
    owner: Account;
    /** The App as an author: <slug>[bot]. */
    bot: Account;
    publicKey: KeyObject;
    permissions: Permissions;
    events: string[];
    hookId: number;
    createdAt: number;
  };
};

/** GitHub's times have no milliseconds. */
export const isoTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

export const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

export const nodeId = (kind: string, id: number | string): string =>
  `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
