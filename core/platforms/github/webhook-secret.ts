import * as z from 'zod';
import type { SecretAge, SecretReader } from '#core/ports/secrets.ts';

/**
 * 16 characters: one captured delivery lets anybody try secrets offline, at billions a second; 16 random characters
 * (96 bits in base64) are out of reach, the 8 of a common password are not. GitHub asks only for "high entropy".
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
const minLength = 16;

/** What stands there before somebody has set a real one. */
const wellKnown = /^(?:dev(?:elopment)?|change[-_ ]?me|placeholder|replace|your|example|test|todo|secret)/i;

const secretTextSchema = z
  .string()
  .refine((text) => text.trim().length >= minLength, `a webhook secret has at least ${minLength} characters`)
  .refine((text) => new Set(text).size >= 8, 'a webhook secret has at least 8 different characters')
  .refine((text) => !wellKnown.test(text.trim()), 'a webhook secret is random, not a placeholder');

/** `previous` goes on being accepted while a rotation lasts. */
const webhookSecretSchema = z.object({ current: secretTextSchema, previous: secretTextSchema.optional() });

/** Throws, without the value, when there is no secret that is worth checking against. */
export const createWebhookSecrets =
  (reader: SecretReader, secretId: string) =>
  async (age?: SecretAge): Promise<string[]> => {
    const { current, previous } = webhookSecretSchema.parse(await reader.read(secretId, age));
    return previous === undefined ? [current] : [current, previous];
  };
