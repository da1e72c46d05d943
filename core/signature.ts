// The only file that compares signatures.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

type Signed = { body: Uint8Array; secrets: readonly string[]; signatureHex: string };

/** True when one of the secrets (current and previous, while a rotation lasts) signed these exact bytes. */
export const hmacMatches = ({ body, secrets, signatureHex }: Signed): boolean => {
  if (!/^[0-9a-f]{64}$/.test(signatureHex)) return false;
  const given = Buffer.from(signatureHex, 'hex');
  return secrets.some((secret) => timingSafeEqual(createHmac('sha256', secret).update(body).digest(), given));
};

/** The HMAC of our own marks, hex. */
export const hmacHex = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('hex');

/** True for the secret itself; hashed first, because timingSafeEqual wants equal lengths. */
export const secretMatches = (given: string, secret: string): boolean =>
  secret.length > 0 && timingSafeEqual(sha256(given), sha256(secret));

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
