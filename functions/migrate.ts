import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { secretsManagerClient } from '#core/aws/clients.ts';
import { createLog } from '#core/aws/log.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { toAppRole } from '#db/grants.ts';
import { migrateEnvSchema } from './env.ts';
import { createMigrate } from './handlers/migrate.ts';

const env = migrateEnvSchema.parse(process.env);
const redactor = createRedactor({ values: ownSecrets(process.env) });
const isInVpc = env.DATABASE_AUTH === 'iam';
// beside the bundle, or in the checkout
const bundled = join(import.meta.dirname, 'migrations');

export const handler = createMigrate({
  secrets: createSecretReader(secretsManagerClient({ dualStack: isInVpc }), redactor),
  masterSecretId: env.MASTER_SECRET_ID,
  database: { host: env.DATABASE_HOST, port: env.DATABASE_PORT, database: env.DATABASE_NAME },
  app: toAppRole({ user: env.APP_USER, auth: env.DATABASE_AUTH, password: env.APP_PASSWORD }),
  migrationsFolder: existsSync(bundled) ? bundled : join(import.meta.dirname, '..', 'db', 'migrations'),
  log: createLog('migrate', redactor),
});
