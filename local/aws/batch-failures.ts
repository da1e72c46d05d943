import * as z from 'zod';

const responseSchema = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
});

/**
 * Which messages a function reports as failed. Nothing reported is success; an answer that cannot be read, or that names
 * a message of no such batch, fails all of them: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const failedIn = (result: unknown, ids: readonly string[]): Set<string> => {
  const parsed = responseSchema.safeParse(result ?? {});
  if (!parsed.success) return new Set(ids);
  const failed = (parsed.data.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  return new Set(failed.every((id) => ids.includes(id)) ? failed : ids);
};
