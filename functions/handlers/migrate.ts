import * as z from 'zod';
import type { Log } from '#core/ports/log.ts';
import type { SecretReader } from '#core/ports/secrets.ts';
import type { AppRole } from '#db/grants.ts';
import { migrateDatabase } from '#db/migrate.ts';

/** As RDS writes it. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html */
const masterSecretSchema = z.object({ username: z.string().min(1), password: z.string().min(1) });

type Deps = {
  secrets: SecretReader;
  masterSecretId: string;
  database: { host: string; port: number; database: string };
  app: AppRole;
  migrationsFolder: string;
  log: Log;
};

/** Runs at deploy, before anything that needs the new schema. Called again, it changes nothing. */
export const createMigrate =
  ({ secrets, masterSecretId, database, app, migrationsFolder, log }: Deps) =>
  async (): Promise<{ status: 'migrated' }> => {
    const { username, password } = masterSecretSchema.parse(await secrets.read(masterSecretId));
    const master = { ...database, user: username, password, tls: app.auth === 'iam' };
    await migrateDatabase({ master, app, migrationsFolder });
    log.info('migrated', { database: database.database, app: app.user });
    return { status: 'migrated' };
  };
