import { secretsManagerClient } from '#core/aws/clients.ts';
import { createLog } from '#core/aws/log.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createGithubAppSource } from '#core/platforms/github/app-secret.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { sweepEnvSchema } from './env.ts';
import { createSweep } from './handlers/sweep.ts';

const env = sweepEnvSchema.parse(process.env);
const redactor = createRedactor({ values: ownSecrets(process.env) });

export const handler = createSweep({
  app: createGithubAppSource({
    reader: createSecretReader(secretsManagerClient(), redactor),
    secretId: env.GITHUB_APP_SECRET_ID,
    apiUrl: env.GITHUB_API_URL,
    redactor,
  }),
  log: createLog('sweep', redactor),
});
