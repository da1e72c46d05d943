import { sql } from 'drizzle-orm';
import * as z from 'zod';
import type { Thread } from '#core/task.ts';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { tasks } from './schema.ts';

export type Published = ReturnType<typeof createPublished>;

const branchesSchema = z.array(z.object({ branch: z.string() }));

/** Branches that we pushed and offered in a pull request. */
export const createPublished = (db: Database) =>
  named('published', {
    /**
     * Of the thread's last task that had ended when somebody wrote (a comment's time is cut to its second): what came
     * of a later one they had not seen.
     */
    lastOf: async ({
      threadKey,
      before,
    }: {
      threadKey: string;
      before: string;
    }): Promise<string | undefined> => {
      const { rows } = await db.execute(sql`
        select facts->>'branch' as branch from ${tasks}
        where thread_key = ${threadKey} and facts ? 'pullRequest' and facts ? 'branch'
          and finished_at < ${before}::timestamptz + interval '1 second'
        order by seq desc limit 1`);
      return branchesSchema.parse(rows)[0]?.branch;
    },
    /** A branch of this name in the repository is one that a task of ours made. */
    isOurs: async (branch: string, { platform, repositoryId }: Thread): Promise<boolean> => {
      const { rowCount } = await db.execute(sql`
        select from ${tasks}
        where platform = ${platform} and thread->>'repositoryId' = ${repositoryId} and facts->>'branch' = ${branch}
          and id::text = substring(${branch} from '^agent/(.*)$')`);
      return rowCount === 1;
    },
  });
