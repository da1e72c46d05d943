import { secretsManagerClient, sqsClient } from '#core/aws/clients.ts';
import { createLog } from '#core/aws/log.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createQueueSender } from '#core/aws/sqs.ts';
import { createWebhookSecrets } from '#core/platforms/github/webhook-secret.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { webhookEnvSchema } from './env.ts';
import { createIngest } from './handlers/ingest.ts';

const env = webhookEnvSchema.parse(process.env);
const redactor = createRedactor({ values: ownSecrets(process.env) });
const secrets = createWebhookSecrets(
  createSecretReader(secretsManagerClient(), redactor),
  env.WEBHOOK_SECRET_ID,
);
// fetched while the function starts; without a secret worth checking against, it does not
await secrets();

export const handler = createIngest({
  receive: createGithubWebhook({ secrets, mention: env.MENTION }),
  inbox: createQueueSender(sqsClient(), env.INBOX_QUEUE_URL),
  log: createLog('github', redactor),
});
