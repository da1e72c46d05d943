import type { Context as HonoContext } from 'hono';
import * as z from 'zod';
import { refusal } from './answers.ts';

/** Of an issue, a pull request or a comment. */
export const bodyTextSchema = z.string().max(65_536, 'is too long (maximum is 65536 characters)');

/** The request's JSON, or GitHub's refusals: 400 where it is no JSON, 422 where a field is missing or of the wrong type. */
export const readBody = async <Schema extends z.ZodType>(
  c: HonoContext,
  schema: Schema,
): Promise<z.output<Schema>> => {
  const parsed = schema.safeParse(parseJson((await c.req.text()) || '{}'));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `"${path.join('.')}" ${message}`);
  throw refusal(422, `Invalid request.\n\n${wrong.join('\n')}`);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(400, 'Problems parsing JSON');
  }
};
