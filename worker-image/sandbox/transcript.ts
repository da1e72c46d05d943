// What of a session's transcript may come back into a later run: what was said, and nothing of how the CLI was set up. The
// agent can write the file, so a line is rebuilt from the parts that we know; its `prompt_snapshot` would replace our rules.
import * as z from 'zod';

/** With images some megabytes; a conversation that fills the model's memory has about five. */
export const maxTranscriptBytes = 16 * 1024 * 1024;

type Place = {
  sessionId: string;
  /** Where the session goes on. */
  cwd: string;
};

/** undefined when nothing usable is left: then a session begins anew. */
export const filterTranscript = (transcript: Uint8Array, { sessionId, cwd }: Place): Buffer | undefined => {
  if (transcript.length > maxTranscriptBytes) return undefined;
  let said: Said[] = [];
  for (const text of linesOf(transcript)) {
    const line = parse(text);
    if (!line) continue;
    if (line.type === 'system') said = []; // what stood before is summed up in the lines that follow
    else said.push(line);
  }
  if (!said.some(({ type }) => type === 'assistant')) return undefined; // nothing to go on from
  let parentUuid: string | null = null;
  const lines = said.map(({ type, uuid, timestamp, message }) => {
    const line = JSON.stringify({ parentUuid, uuid, sessionId, cwd, type, message, timestamp, ...fixed });
    parentUuid = uuid;
    return `${line}\n`;
  });
  return Buffer.from(lines.join(''));
};

/** The folder below `projects` in which the CLI looks for the sessions of a folder. */
export const transcriptSlug = (cwd: string): string => cwd.replaceAll(/[^A-Za-z0-9]/g, '-');

const fixed = { isSidechain: false, userType: 'external' };

/** https://docs.anthropic.com/en/api/messages: what a message holds, without what makes the provider fetch anything. */
const mediaSchema = z.object({
  type: z.enum(['image', 'document']),
  source: z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
});
const textSchema = z.object({ type: z.literal('text'), text: z.string() });
const idSchema = z.string().regex(/^[\w-]{1,128}$/);
const resultSchema = z.object({
  type: z.literal('tool_result'),
  tool_use_id: idSchema,
  content: z.union([z.string(), z.array(z.union([textSchema, mediaSchema]))]).optional(),
  is_error: z.boolean().optional(),
});
const answerBlockSchema = z.discriminatedUnion('type', [
  textSchema,
  z.object({
    type: z.literal('tool_use'),
    id: idSchema,
    name: idSchema,
    input: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal('redacted_thinking'), data: z.string() }),
]);

/** What the CLI wants to find there; the gateway counts. */
const noUsage = {
  type: 'message',
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 0, output_tokens: 0 },
};

const lineSchema = z.object({
  uuid: z.uuid(),
  timestamp: z.iso.datetime(),
  /** The line belongs to an agent of the agent. */
  isSidechain: z.literal(false).optional(),
});
const saidSchema = z.discriminatedUnion('type', [
  lineSchema.extend({
    type: z.literal('user'),
    message: z.object({
      role: z.literal('user'),
      content: z.union([z.string().min(1), z.array(z.union([textSchema, mediaSchema, resultSchema])).min(1)]),
    }),
  }),
  lineSchema.extend({
    type: z.literal('assistant'),
    message: z
      .object({
        id: idSchema,
        role: z.literal('assistant'),
        model: z.string().regex(/^[\w.:/@[\]-]{1,100}$/), // not `<synthetic>`: those words are the CLI's own
        content: z.array(answerBlockSchema).min(1),
      })
      .transform((message) => ({ ...message, ...noUsage })),
  }),
  /** Of all that the CLI says about itself only that the conversation was summed up. */
  z.object({ type: z.literal('system'), subtype: z.literal('compact_boundary') }),
]);
type Said = Exclude<z.infer<typeof saidSchema>, { type: 'system' }>;

const parse = (text: string) => {
  try {
    return saidSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // half a line, after a kill
  }
};

function* linesOf(bytes: Uint8Array): Generator<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < buffer.length;) {
    const found = buffer.indexOf(10, start);
    const end = found === -1 ? buffer.length : found;
    yield buffer.toString('utf8', start, end);
    start = end + 1;
  }
}
