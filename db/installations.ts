import { and, eq, sql } from 'drizzle-orm';
import type { Installation } from '#core/task.ts';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { installations } from './schema.ts';

export type Installations = ReturnType<typeof createInstallations>;
type Key = Pick<Installation, 'platform' | 'tenantId'>;

export const createInstallations = (db: Database) =>
  named('installations', {
    get: async (key: Key): Promise<Installation | undefined> => {
      const [found] = await db.select(columns).from(installations).where(has(key));
      return found;
    },
    list: (): Promise<Installation[]> =>
      db.select(columns).from(installations).orderBy(installations.platform, installations.tenantId),
    upsert: async (installation: Installation): Promise<void> => {
      const { account, status } = installation;
      await db
        .insert(installations)
        .values(installation)
        .onConflictDoUpdate({
          target: [installations.platform, installations.tenantId],
          set: { account, status, updatedAt: sql`now()` },
        });
    },
    /** False when there is no such installation. */
    setStatus: async ({ status, ...key }: Key & Pick<Installation, 'status'>): Promise<boolean> => {
      const { rowCount } = await db
        .update(installations)
        .set({ status, updatedAt: sql`now()` })
        .where(has(key));
      return rowCount === 1;
    },
  });

const columns = {
  platform: installations.platform,
  tenantId: installations.tenantId,
  account: installations.account,
  status: installations.status,
};

const has = ({ platform, tenantId }: Key) =>
  and(eq(installations.platform, platform), eq(installations.tenantId, tenantId));
