// What may be asked of the model. The provider gets what this schema has rebuilt, never the bytes that came: no field that
// nobody here knows, nothing that makes the provider fetch, run, keep or charge otherwise than by the token.
import * as z from 'zod';

const maxTools = 64;
const maxMessages = 20_000;
const maxBlocks = 2_000;
/** Above what any model gives: nothing is reserved for more. */
const mostOutputTokens = 200_000;

const nameSchema = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);
const base64Schema = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const effortSchema = z.strictObject({ effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']) });
const cacheable = {
  cache_control: z
    .strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
    .optional(),
};

/** The CLI sends back what the model said with its `citations: null`. */
const textSchema = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  citations: z.null().optional(),
  ...cacheable,
});
/** No `url` and no `file`: what is to be seen is in the request. */
const imageSchema = z.strictObject({
  type: z.literal('image'),
  source: z.strictObject({
    type: z.literal('base64'),
    media_type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
    data: base64Schema,
  }),
  ...cacheable,
});
const documentSchema = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.literal('application/pdf'),
      data: base64Schema,
    }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string() }),
  ]),
  ...cacheable,
});
const shownSchema = z.discriminatedUnion('type', [textSchema, imageSchema, documentSchema]);

const blockSchema = z.discriminatedUnion('type', [
  textSchema,
  imageSchema,
  documentSchema,
  z.strictObject({
    type: z.literal('tool_use'),
    id: nameSchema,
    name: nameSchema,
    input: z.record(z.string(), z.unknown()),
    ...cacheable,
  }),
  z.strictObject({
    type: z.literal('tool_result'),
    tool_use_id: nameSchema,
    content: z.union([z.string(), z.array(shownSchema).max(maxBlocks)]).optional(),
    is_error: z.boolean().optional(),
    ...cacheable,
  }),
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
]);
export type Block = z.infer<typeof blockSchema>;

const messageSchema = z.strictObject({
  role: z.enum(['user', 'assistant', 'system']),
  content: z.union([z.string(), z.array(blockSchema).max(maxBlocks)]),
  output_config: effortSchema.optional(),
});
export type Message = z.infer<typeof messageSchema>;

/** Of the client alone: a tool with another type is one that the provider would run. */
const toolSchema = z.strictObject({
  type: z.literal('custom').optional(),
  name: nameSchema,
  description: z.string().optional(),
  input_schema: z.record(z.string(), z.unknown()).refine((schema) => !pointsElsewhere(schema), {
    error: 'a schema refers to nothing outside of it',
  }),
  ...cacheable,
});

const displayed = { display: z.enum(['updates', 'summarized', 'omitted']).optional() };
const parallel = { disable_parallel_tool_use: z.boolean().optional() };

const requestSchema = z.strictObject({
  model: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$/),
  max_tokens: z.int().min(1).max(mostOutputTokens),
  system: z.union([z.string(), z.array(textSchema).max(maxBlocks)]).optional(),
  messages: z.array(messageSchema).min(1).max(maxMessages),
  tools: z.array(toolSchema).max(maxTools).optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('auto'), ...parallel }),
      z.strictObject({ type: z.literal('any'), ...parallel }),
      z.strictObject({ type: z.literal('tool'), name: nameSchema, ...parallel }),
      z.strictObject({ type: z.literal('none') }),
    ])
    .optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('adaptive'), ...displayed }),
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1024), ...displayed }),
      z.strictObject({ type: z.literal('disabled') }),
    ])
    .optional(),
  output_config: effortSchema.optional(),
  context_management: z
    .strictObject({
      edits: z
        .array(
          z.strictObject({
            type: z.literal('clear_thinking_20251015'),
            keep: z.union([
              z.literal('all'),
              z.strictObject({ type: z.literal('thinking_turns'), value: z.int().min(1) }),
            ]),
          }),
        )
        .max(1),
    })
    .optional(),
  temperature: z.number().min(0).max(1).optional(),
  stop_sequences: z.array(z.string().max(1_000)).max(16).optional(),
  stream: z.boolean().optional(),
  /** Taken and not passed on: it names the machine. */
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
});
export type ModelRequest = Omit<z.infer<typeof requestSchema>, 'metadata'>;

type Read = { kind: 'request'; request: ModelRequest } | { kind: 'refused'; message: string };

/** The refusal names the field that is not let through. */
export const readModelRequest = (body: Buffer): Read => {
  const parsed = requestSchema.safeParse(jsonOf(body));
  if (!parsed.success) return refused(parsed.error.issues);
  const { metadata: _, ...request } = parsed.data;
  try {
    JSON.stringify(request);
  } catch {
    return { kind: 'refused', message: 'not a request for a message: it is nested too deeply' };
  }
  return { kind: 'request', request };
};

/** A reference within the schema begins with `#`. */
const pointsElsewhere = (schema: unknown): boolean =>
  /"\$(?:ref|dynamicRef|recursiveRef)":"(?!#)/.test(textOf(schema));

/** What cannot be written is refused for that. */
const textOf = (value: unknown): string => {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
};

const jsonOf = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // the schema refuses it
  }
};

type Issue = z.core.$ZodIssue;

const refused = (issues: readonly Issue[]): Read => {
  const field = fieldOf(issues).replace(/[^\w.$-]/g, '?');
  const where = field === '' ? 'it is no JSON object' : `${field.slice(0, 200)} is not let through`;
  return { kind: 'refused', message: `not a request for a message: ${where}` };
};

/** The deepest field that an issue names: in a union the branch that came furthest is the one that was meant. */
const fieldOf = (issues: readonly Issue[]): string => {
  const [issue] = issues;
  if (!issue) return '';
  const path = [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])];
  const nested = issue.code === 'invalid_union' ? issue.errors.map(fieldOf) : [];
  const deepest = nested.reduce((best, field) => (depthOf(field) > depthOf(best) ? field : best), '');
  return [...path.map(String), ...(deepest === '' ? [] : [deepest])].join('.');
};

const depthOf = (field: string): number => (field === '' ? 0 : field.split('.').length);
