// What the agent would like to be done beside its change: said as data at the end of its answer, checked and done by the supervisor.
import * as z from 'zod';
import { cutText } from './cut-text.ts';
import { printable } from './text.ts';

const maxBlockBytes = 200 * 1024;
const maxComments = 30;
const maxCommentBytes = 4 * 1024;
const maxPathBytes = 500;
const maxLine = 10_000_000;
const maxLabels = 5;
/** GitHub's. */
const maxLabelLength = 50;

/** For whoever tells the agent what it may say. */
export const intentLimits = { maxComments, maxCommentBytes, maxLabels };

const commentShape = {
  path: z.string(),
  /** Of the file as the head has it (RIGHT), or of the file before the pull request (LEFT). */
  line: z.int().positive(),
  startLine: z.int().positive().optional(),
  side: z.enum(['LEFT', 'RIGHT']).optional(),
  body: z.string(),
};

/** As it is stored: within the limits when it was parsed, and maybe longer since, where a secret was taken out. */
export const intentsSchema = z.object({
  review: z.object({ comments: z.array(z.object(commentShape)) }).optional(),
  labels: z.array(z.string()).optional(),
});
export type Intents = z.infer<typeof intentsSchema>;
export type ReviewComment = NonNullable<Intents['review']>['comments'][number];

/** What came of them: stored once, so that a second worker tells the same. */
export const carriedOutSchema = z.object({
  review: z.object({ url: z.url() }).optional(),
  labels: z.array(z.string()),
  /** What was left out and why, in a sentence each. */
  problems: z.array(z.string()),
});
export type CarriedOut = z.infer<typeof carriedOutSchema>;

export type ParsedIntents = { text: string; intents?: Intents; problems: string[] };

/** Takes the last block `agent-bot` out of the answer and reads it. What is faulty is left out and named. Linear time. */
export const parseIntents = (answer: string): ParsedIntents => {
  const block = lastBlock(answer);
  if (!block) return { text: answer, problems: [] };
  const { text } = block;
  if (!block.isClosed) return { text, problems: ['the block `agent-bot`: it has no end'] };
  if (Buffer.byteLength(block.json) > maxBlockBytes)
    return { text, problems: [`the block \`agent-bot\`: it is larger than ${maxBlockBytes / 1024} KiB`] };
  const { data } = blockSchema.safeParse(parseJson(block.json));
  if (!data)
    return {
      text,
      problems: ['the block `agent-bot`: it is not JSON with `review` or `labels` and no more'],
    };
  const review = readReview(data.review);
  const labels = readLabels(data.labels);
  const intents = {
    ...(review.comments.length > 0 && { review: { comments: review.comments } }),
    ...(labels.names.length > 0 && { labels: labels.names }),
  };
  return {
    text,
    ...(Object.keys(intents).length > 0 && { intents }),
    problems: [...review.problems, ...labels.problems],
  };
};

// no key for an event, another thread or another pull request: what has no word cannot be asked for
const blockSchema = z.strictObject({ review: z.unknown().optional(), labels: z.unknown().optional() });
const reviewSchema = z.strictObject({ comments: z.array(z.unknown()) });
/** Postgres stores neither U+0000 nor half a character. */
const onePrintableLine = /^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+$/u;
const pathSchema = z
  .string()
  .min(1)
  .refine((path) => Buffer.byteLength(path) <= maxPathBytes)
  .regex(onePrintableLine)
  .refine((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'));
const lineSchema = z.int().min(1).max(maxLine);
const commentSchema = z
  .strictObject({
    ...commentShape,
    path: pathSchema,
    line: lineSchema,
    startLine: lineSchema.optional(),
    body: z
      .string()
      .trim()
      .min(1)
      .transform((body) => cutText(printable(body), maxCommentBytes, '\n\n[cut]')),
  })
  .refine(({ line, startLine = line }) => startLine <= line);
const labelSchema = z.string().trim().min(1).max(maxLabelLength).regex(onePrintableLine);

const readReview = (written: unknown): { comments: ReviewComment[]; problems: string[] } => {
  if (written === undefined) return { comments: [], problems: [] };
  const { data } = reviewSchema.safeParse(written);
  if (!data)
    return { comments: [], problems: ['the review: it is no list of `comments`, or more than that'] };
  const { good, problems } = readEach(data.comments, commentSchema, {
    most: maxComments,
    what: 'comments of the review',
    fault: 'they are not as they have to be',
  });
  return { comments: good, problems };
};

const readLabels = (written: unknown): { names: string[]; problems: string[] } => {
  if (written === undefined) return { names: [], problems: [] };
  const { data } = z.array(z.unknown()).safeParse(written);
  if (!data) return { names: [], problems: ['the labels: they are no list'] };
  const { good, problems } = readEach(data, labelSchema, {
    most: maxLabels,
    what: 'labels',
    fault: 'they are no names of labels',
  });
  return { names: [...new Set(good)], problems };
};

type Words = { most: number; what: string; fault: string };

/** The good ones of the first. */
const readEach = <T>(written: readonly unknown[], schema: z.ZodType<T>, { most, what, fault }: Words) => {
  const first = written.slice(0, most);
  const good = first.map((one) => schema.safeParse(one).data).filter((one) => one !== undefined);
  return {
    good,
    problems: [
      ...leftOut(first.length - good.length, `${what}: ${fault}`),
      ...leftOut(written.length - first.length, `${what}: ${most} are the most`),
    ],
  };
};

const leftOut = (count: number, what: string) => (count > 0 ? [`${count} ${what}`] : []);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the agent's fault, and named as one
  }
};

type Block = { text: string; json: string; isClosed: boolean };

/** A fence of another kind hides what looks like a block in it. https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
const lastBlock = (answer: string): Block | undefined => {
  const lines = answer.split('\n');
  let open: { mark: string; at: number; isOurs: boolean } | undefined;
  let last: { from: number; to: number; isClosed: boolean } | undefined;
  for (const [at, line] of lines.entries()) {
    const { mark, info } = fenceIn(line) ?? {};
    if (mark === undefined || info === undefined) continue;
    if (!open) {
      open = { mark, at, isOurs: info === 'agent-bot' };
      if (open.isOurs) last = { from: at, to: lines.length, isClosed: false };
    } else if (info === '' && mark.startsWith(open.mark)) {
      if (open.isOurs) last = { from: open.at, to: at, isClosed: true };
      open = undefined;
    }
  }
  if (!last) return undefined;
  const { from, to, isClosed } = last;
  const text = [...lines.slice(0, from), ...lines.slice(to + 1)].join('\n').trim();
  return { text, json: lines.slice(from + 1, to).join('\n'), isClosed };
};

const fenceIn = (line: string): { mark: string; info: string } | undefined => {
  const [, mark = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
  if (mark === '') return undefined;
  const info = line.slice(line.indexOf(mark) + mark.length).trim();
  // backticks in what follows make it inline code
  return mark.startsWith('`') && info.includes('`') ? undefined : { mark, info };
};
