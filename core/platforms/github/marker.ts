import { createPrivateKey, hkdfSync } from 'node:crypto';
import { hmacHex, hmacMatches } from '#core/signature.ts';

/** Every comment of ours ends in a hidden mark that begins so. */
export const markerPrefix = '<!-- agent-bot:';

const markAtEnd = /<!-- agent-bot:task=([0-9a-f-]{36}) sig=([0-9a-f]{64}) -->\s*$/;

/** The mark of a task's comment: invisible to readers, and only we can write it. */
export const taskMark = (markerKey: string, taskId: string): string =>
  `${markerPrefix}task=${taskId} sig=${hmacHex(markerKey, taskId)} -->`;

/** True when the text ends in the mark that we signed for this task. */
export const carriesTaskMark = (markerKey: string, taskId: string, text: string): boolean => {
  const [, markedTask, signatureHex = ''] = markAtEnd.exec(text) ?? [];
  return (
    markedTask === taskId && hmacMatches({ body: Buffer.from(taskId), secrets: [markerKey], signatureHex })
  );
};

/** The key of our marks, derived (HKDF, RFC 5869) from the App's key: no further secret to keep. */
export const markerKeyOf = (privateKey: string): string => {
  // PKCS#1 and PKCS#8 texts of one key are the same key
  const key = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' });
  return Buffer.from(hkdfSync('sha256', key, '', 'agent-bot comment mark', 32)).toString('hex');
};
