import { lambdaClient, secretsManagerClient } from '#core/aws/clients.ts';
import { createFunctions } from '#core/aws/lambda.ts';
import { createLog } from '#core/aws/log.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createLedger } from '#core/ledger.ts';
import { createGithubAppSource } from '#core/platforms/github/app-secret.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { deadLettersEnvSchema } from './env.ts';
import { createAnnounce } from './handlers/announce.ts';
import { createDeadLetters } from './handlers/dead-letters.ts';

const env = deadLettersEnvSchema.parse(process.env);
const redactor = createRedactor({ values: ownSecrets(process.env) });
const log = createLog('dead-letters', redactor);
const functions = createFunctions(lambdaClient());

export const handler = createDeadLetters({
  ledger: createLedger(functions, env.LEDGER_FUNCTION),
  announce: createAnnounce({
    app: createGithubAppSource({
      reader: createSecretReader(secretsManagerClient(), redactor),
      secretId: env.GITHUB_APP_SECRET_ID,
      apiUrl: env.GITHUB_API_URL,
      redactor,
    }),
    log,
  }),
  poke: () => functions.poke(env.RECONCILE_FUNCTION, { reason: 'dead letter' }),
  log,
});
