import { lambdaClient, secretsManagerClient, sqsClient } from '#core/aws/clients.ts';
import { createFunctions } from '#core/aws/lambda.ts';
import { createLog } from '#core/aws/log.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { createLedger } from '#core/ledger.ts';
import { createGithubAppSource } from '#core/platforms/github/app-secret.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { redactPort } from '#core/redact-port.ts';
import { createRedactor } from '#core/redact.ts';
import { triageEnvSchema } from './env.ts';
import { createMentionTriage } from './handlers/mention.ts';
import { createTriage } from './handlers/triage.ts';

const env = triageEnvSchema.parse(process.env);
const redactor = createRedactor({ values: ownSecrets(process.env) });
const log = createLog('triage', redactor);
const functions = createFunctions(lambdaClient());
const ledger = createLedger(functions, env.LEDGER_FUNCTION);
const queues = sqsClient();

const onMention = createMentionTriage({
  ledger,
  app: createGithubAppSource({
    reader: createSecretReader(secretsManagerClient(), redactor),
    secretId: env.GITHUB_APP_SECRET_ID,
    apiUrl: env.GITHUB_API_URL,
    redactor,
  }),
  lanes: {
    high: createQueueSender(queues, env.HIGH_QUEUE_URL),
    normal: createQueueSender(queues, env.NORMAL_QUEUE_URL),
    low: createQueueSender(queues, env.LOW_QUEUE_URL),
  },
  poke: () => functions.poke(env.RECONCILE_FUNCTION, { reason: 'mention' }),
  mention: env.MENTION,
  log,
});

export const handler = createTriage({
  ledger,
  onMention,
  inbox: createQueueReceiver(queues, env.INBOX_QUEUE_URL),
  deadLetters: redactPort(createQueueSender(queues, env.DEAD_LETTER_QUEUE_URL), redactor),
  log,
});
