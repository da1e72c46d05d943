import type { KeyObject } from 'node:crypto';
import { verify } from 'node:crypto';
import * as z from 'zod';
import { refusal } from './answers.ts';

const claimsSchema = z.object({
  iss: z.union([z.string(), z.number()]),
  iat: z.number().optional(),
  exp: z.number().optional(),
});

const maxLifeSeconds = 600;
const maxSkewSeconds = 60;

const undecodable = 'A JSON web token could not be decoded';
// Octokit corrects its clock by these sentences and the answer's Date header
const expired =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
const tooFar = "'Expiration time' claim ('exp') is too far in the future";
const notIssuedYet =
  "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";

type Check = { jwt: string; appId: number; publicKey: KeyObject; nowMs: number };

/**
 * Throws GitHub's refusal unless the App signed this: RS256, iss is the App, iat has passed, exp is within 10 minutes.
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export const checkAppJwt = ({ jwt, appId, publicKey, nowMs }: Check): void => {
  const claims = signedClaims(jwt, publicKey);
  const now = Math.floor(nowMs / 1000);
  if (claims.exp === undefined || claims.exp <= now) throw refusal(401, expired);
  if (claims.exp > now + maxLifeSeconds) throw refusal(401, tooFar);
  if (claims.iat === undefined || claims.iat > now + maxSkewSeconds) throw refusal(401, notIssuedYet);
  if (String(claims.iss) !== String(appId)) throw refusal(404, 'Integration not found');
};

const signedClaims = (jwt: string, publicKey: KeyObject): z.infer<typeof claimsSchema> => {
  const [header = '', payload = '', signature = '', ...more] = jwt.split('.');
  const { alg } = z.object({ alg: z.string() }).catch({ alg: '' }).parse(decoded(header));
  const claims = claimsSchema.safeParse(decoded(payload));
  if (more.length > 0 || alg !== 'RS256' || !claims.success) throw refusal(401, undecodable);
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) throw refusal(401, undecodable);
  return claims.data;
};

const decoded = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined; // the schema refuses it
  }
};
