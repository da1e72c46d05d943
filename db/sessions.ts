import { eq, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { sessions } from './schema.ts';

export type Sessions = ReturnType<typeof createSessions>;
export type Session = { threadKey: string; sessionId: string; transcriptKey: string | null };

export const createSessions = (db: Database) =>
  named('sessions', {
    get: async (threadKey: string): Promise<Session | undefined> => {
      const [found] = await db
        .select({
          threadKey: sessions.threadKey,
          sessionId: sessions.sessionId,
          transcriptKey: sessions.transcriptKey,
        })
        .from(sessions)
        .where(eq(sessions.threadKey, threadKey));
      return found;
    },
    put: async (session: Session): Promise<void> => {
      const { sessionId, transcriptKey } = session;
      await db
        .insert(sessions)
        .values(session)
        .onConflictDoUpdate({
          target: sessions.threadKey,
          set: { sessionId, transcriptKey, updatedAt: sql`now()` },
        });
    },
  });
