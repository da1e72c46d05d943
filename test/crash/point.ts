// Where a worker can be caught: before or after each call of a port. A point is named as it is read aloud:
// "after tasks.advance ran", "before queue.acknowledge", or by its place in the worker's life: "before call 17".
import * as z from 'zod';

export const whens = ['before', 'after'] as const;

/** What a worker says of a call, and waits to be let on. */
export const pointSchema = z.object({
  when: z.enum(whens),
  /** The how-manieth call of this process. */
  nth: z.int().positive(),
  /** `tasks.advance ran`: port, verb, and what tells this call from others of the verb. */
  call: z.string(),
  task: z.string().nullable(),
  fence: z.number().nullable(),
  /** Whether it threw; of an answer only what an oracle needs: a boolean, or the kind of a union. */
  answer: z.string().nullable(),
});
export type Point = z.infer<typeof pointSchema>;

export type Place = { when: Point['when']; call: string } | { when: Point['when']; nth: number };

export const parsePlace = (text: string): Place => {
  const [, when, rest = ''] = /^(before|after) (.+)$/.exec(text) ?? [];
  const parsed = z.enum(whens).parse(when);
  const [, nth] = /^call (\d+)$/.exec(rest) ?? [];
  return nth === undefined ? { when: parsed, call: rest } : { when: parsed, nth: Number(nth) };
};

/** `queue.extend` stands for all calls of the verb, `tasks.advance ran` for one. */
export const isAt = (place: Place, point: Point): boolean => {
  if (place.when !== point.when) return false;
  if ('nth' in place) return place.nth === point.nth;
  return point.call === place.call || point.call.startsWith(`${place.call} `);
};
