import { createPrivateKey, hkdfSync } from 'node:crypto';
import { hmacHex, hmacMatches } from '#core/signature.ts';

/** Every comment of ours ends in a hidden mark that begins so. */
export const markerPrefix = '<!-- agent-bot:';

const markAtEnd =
  /(?:<!-- agent-bot:fence=(\d{1,15}) sig=([0-9a-f]{64}) -->)?<!-- agent-bot:task=([0-9a-f-]{36}) sig=([0-9a-f]{64}) -->\s*$/;

export type Mark = {
  taskId: string;
  /** Whoever wrote it held the task under this fence; 0 where nobody had held it yet. */
  fence: number;
};

/**
 * The mark of a task's comment: invisible to readers, and only we can write it. The fence stands before it, so that a
 * release which knows of none finds its comment too.
 */
export const taskMark = (markerKey: string, { taskId, fence }: Mark): string =>
  [
    `${markerPrefix}fence=${fence} sig=${hmacHex(markerKey, fenceText(taskId, fence))} -->`,
    `${markerPrefix}task=${taskId} sig=${hmacHex(markerKey, taskId)} -->`,
  ].join('');

/**
 * What the mark says at the end of a text, when we signed it for this task. A fence that is missing, or that we did not
 * sign, counts as none.
 */
export const markOf = (markerKey: string, taskId: string, text: string): Mark | undefined => {
  const [, fence = '0', fenceSignature = '', markedTask, taskSignature = ''] = markAtEnd.exec(text) ?? [];
  const isSigned = (signed: string, signatureHex: string) =>
    hmacMatches({ body: Buffer.from(signed), secrets: [markerKey], signatureHex });
  if (markedTask !== taskId || !isSigned(taskId, taskSignature)) return undefined;
  return { taskId, fence: isSigned(fenceText(taskId, fence), fenceSignature) ? Number(fence) : 0 };
};

const fenceText = (taskId: string, fence: number | string) => `${taskId} fence=${fence}`;

/** The key of our marks, derived (HKDF, RFC 5869) from the App's key: no further secret to keep. */
export const markerKeyOf = (privateKey: string): string => {
  // PKCS#1 and PKCS#8 texts of one key are the same key
  const key = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' });
  return Buffer.from(hkdfSync('sha256', key, '', 'agent-bot comment mark', 32)).toString('hex');
};
