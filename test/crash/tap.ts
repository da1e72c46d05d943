// Stops a worker before and after every call of its ports until the harness lets it on; the worker's own code knows nothing of it.
import * as z from 'zod';
import type { Tap } from '#worker/build-worker.ts';
import type { Point } from './point.ts';

type Deps = { stopAt: (point: Point) => Promise<void> };

export const createTap = ({ stopAt }: Deps): Tap => {
  let calls = 0;
  return (name, port) => {
    const watched = Object.entries(port).map(([verb, value]) => {
      if (typeof value !== 'function') return [verb, value];
      const act = async (...args: unknown[]) => {
        const call = { nth: (calls += 1), call: labelOf(`${name}.${verb}`, args), ...heldIn(args[0]) };
        await stopAt({ when: 'before', ...call, answer: null });
        try {
          const result: unknown = await value(...args);
          await stopAt({ when: 'after', ...call, ...claimedIn(result), answer: answerOf(result) });
          return result;
        } catch (error) {
          await stopAt({ when: 'after', ...call, answer: 'threw' });
          throw error;
        }
      };
      return [verb, act];
    });
    // the same names; every verb of a port gives a promise
    return Object.fromEntries(watched) as typeof port;
  };
};

const heldSchema = z.object({ taskId: z.string(), fence: z.number() });

const heldIn = (input: unknown) => {
  const { data } = heldSchema.safeParse(input);
  return { task: data?.taskId ?? null, fence: data?.fence ?? null };
};

const claimSchema = z.object({
  kind: z.literal('claimed'),
  job: z.object({ fence: z.number(), task: z.object({ id: z.string() }) }),
});

const claimedIn = (result: unknown) => {
  const { data } = claimSchema.safeParse(result);
  return data && { task: data.job.task.id, fence: data.job.fence };
};

const answerOf = (result: unknown): string | null => {
  if (typeof result === 'boolean') return String(result);
  const { data } = z.object({ kind: z.string() }).safeParse(result);
  return data?.kind ?? null;
};

/** `run.json`, and of the others the kind only: their names hold ids. */
const toKind = (key: string): string => {
  const name = key.split('/').at(-1) ?? '';
  return /^\d+\./.test(name) ? name.replace(/^\d+\./, '') : name.endsWith('.jsonl') ? 'jsonl' : name;
};

const detailSchemas: Record<string, z.ZodType<string>> = {
  'tasks.advance': z.object({ step: z.string() }).transform(({ step }) => step),
  'tasks.finish': z
    .object({ outcome: z.object({ status: z.string() }) })
    .transform(({ outcome }) => outcome.status),
  'tasks.wait': z.object({ reason: z.string() }).transform(({ reason }) => reason),
  'blobs.put': z.string().transform(toKind),
  'blobs.get': z.string().transform(toKind),
};

const labelOf = (verb: string, [input]: unknown[]): string => {
  const detail = detailSchemas[verb]?.parse(input);
  return detail === undefined ? verb : `${verb} ${detail}`;
};
