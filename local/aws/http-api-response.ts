// What a function returns as HTTP: the format 2.0 answer, or anything else as JSON.
import * as z from 'zod';
import type { Answer } from './server.ts';

const responseSchema = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cookies: z.array(z.string()).default([]),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
});

/** undefined when the function's answer is none that the gateway understands. */
export const toResponse = (result: unknown): Answer | undefined => {
  if (!hasStatusCode(result))
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(result) };
  const parsed = responseSchema.safeParse(result);
  if (!parsed.success) return undefined;
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  const lowerCase = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), String(value)])
    .filter(([name]) => name !== 'content-length'); // the gateway counts for itself
  return {
    status: statusCode,
    headers: {
      'content-type': 'text/plain;charset=UTF-8',
      ...Object.fromEntries(lowerCase),
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
    },
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
};

const hasStatusCode = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'statusCode' in result;
