// What Secrets Manager accepts, with its limits: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
import * as z from 'zod';
import { AwsError } from './json-api.ts';
import type { Value } from './secret-shelf.ts';

export const secretIdSchema = z.string().min(1).max(2048);
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/, 'only alphanumeric characters and /_+=.@-');
export const tokenSchema = z.string().min(32).max(64);
export const stageSchema = z.string().min(1).max(256);
export const tagsSchema = z.array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) }));
/** 64 KiB, as text or base64. */
export const valueSchema = z.object({
  SecretString: z.string().min(1).max(65_536).optional(),
  SecretBinary: z.base64().min(1).max(87_384).optional(),
});

/** The value of a call that may leave it out. */
export const valueOf = ({ SecretString, SecretBinary }: Value): Value | undefined => {
  if (SecretString !== undefined && SecretBinary !== undefined)
    throw new AwsError('InvalidParameterException', 'You can’t specify both SecretString and SecretBinary.');
  return SecretString === undefined && SecretBinary === undefined
    ? undefined
    : { SecretString, SecretBinary };
};
