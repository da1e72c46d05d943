import { ecsClient, lambdaClient, sqsClient } from '#core/aws/clients.ts';
import { createLauncher } from '#core/aws/ecs.ts';
import { createFunctions } from '#core/aws/lambda.ts';
import { createLog } from '#core/aws/log.ts';
import { createQueueSender } from '#core/aws/sqs.ts';
import { createLedger } from '#core/ledger.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { reconcileEnvSchema } from './env.ts';
import { createReconcile } from './handlers/reconcile.ts';

const env = reconcileEnvSchema.parse(process.env);
const redactor = createRedactor({ values: ownSecrets(process.env) });
const queues = sqsClient();

export const handler = createReconcile({
  ledger: createLedger(createFunctions(lambdaClient()), env.LEDGER_FUNCTION),
  launcher: createLauncher(ecsClient(), {
    cluster: env.CLUSTER_ARN,
    taskDefinition: env.TASK_DEFINITION_ARN,
    container: env.CONTAINER_NAME,
    subnets: env.SUBNET_IDS.split(','),
    securityGroups: env.SECURITY_GROUP_IDS.split(','),
  }),
  inbox: createQueueSender(queues, env.INBOX_QUEUE_URL),
  lanes: {
    high: createQueueSender(queues, env.HIGH_QUEUE_URL),
    normal: createQueueSender(queues, env.NORMAL_QUEUE_URL),
    low: createQueueSender(queues, env.LOW_QUEUE_URL),
  },
  cap: env.WORKER_CAP,
  warm: env.WARM_WORKERS,
  capacity: env.WORKER_CAPACITY,
  log: createLog('reconcile', redactor),
});
