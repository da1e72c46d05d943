import type { StackProps } from 'aws-cdk-lib';
import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlarmMail } from './alarm.ts';
import { TaskBucket } from './bucket.ts';
import { CustomResourceLogs } from './custom-resource-logs.ts';
import { Database } from './database.ts';
import { DeadLetters } from './dead-letters.ts';
import { DnsFirewall } from './dns-firewall.ts';
import { Health } from './health.ts';
import { HttpApi } from './http-api.ts';
import { Ledger } from './ledger.ts';
import { Migrate } from './migrate.ts';
import { Network } from './network.ts';
import { Queues } from './queues.ts';
import { Reconcile } from './reconcile.ts';
import { Secrets } from './secrets.ts';
import { parseSettings } from './settings.ts';
import { Sweep } from './sweep.ts';
import { Triage } from './triage.ts';
import { Webhook } from './webhook.ts';
import { Worker } from './worker.ts';

export type AgentBotStackProps = StackProps & {
  /** See settings.ts. */
  settings?: unknown;
};

export class AgentBotStack extends Stack {
  constructor(scope: Construct, id: string, { settings: given = {}, ...props }: AgentBotStackProps = {}) {
    super(scope, id, props);
    const settings = parseSettings(given);
    const { githubApiUrl, mention } = settings;
    const logRetention = settings.logDays;
    const removalPolicy =
      settings.onRemoval === 'retain' ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

    const secrets = new Secrets(this, 'Secrets', { removalPolicy });
    const queues = new Queues(this, 'Queues', {
      triageTimeout: Triage.timeout,
      deadLettersTimeout: DeadLetters.timeout,
    });
    const bucket = new TaskBucket(this, 'Tasks', { removalPolicy });
    const network = new Network(this, 'Network');
    const database = new Database(this, 'Database', {
      network,
      instanceClass: settings.databaseClass,
      deletionProtection: settings.databaseDeletionProtection,
      removalPolicy,
    });
    if (settings.dnsFirewall !== 'off')
      new DnsFirewall(this, 'DnsFirewall', { network, database, bucket, settings, logRetention });
    const migrate = new Migrate(this, 'Migrate', { network, database, logRetention });
    const ledger = new Ledger(this, 'Ledger', { network, database, logRetention });

    const worker = new Worker(this, 'Worker', {
      network,
      queues,
      database,
      bucket,
      secrets,
      settings,
      logRetention,
    });
    const reconcile = new Reconcile(this, 'Reconcile', {
      ledger,
      worker,
      queues,
      settings,
      logRetention,
    });
    const triage = new Triage(this, 'Triage', {
      queues,
      appSecret: secrets.githubApp,
      ledger,
      reconcile,
      githubApiUrl,
      mention,
      logRetention,
    });
    const deadLetters = new DeadLetters(this, 'DeadLetters', {
      queue: queues.deadLetters,
      appSecret: secrets.githubApp,
      ledger,
      reconcile,
      githubApiUrl,
      logRetention,
    });
    migrate.runBefore(triage.inboxSource, deadLetters.source, reconcile.schedule);

    const github = new Webhook(this, 'Github', {
      platform: 'github',
      secret: secrets.githubWebhook,
      inbox: queues.inbox,
      mention,
      logRetention,
    });
    new Sweep(this, 'Sweep', { appSecret: secrets.githubApp, githubApiUrl, logRetention });
    const health = new Health(this, 'Health', { logRetention });
    const api = new HttpApi(this, 'HttpApi', {
      routes: { 'POST /webhooks/github': github.handler, 'GET /health': health.handler },
      logRetention,
    });

    new CustomResourceLogs(this, 'CustomResourceLogs', { logRetention });
    if (settings.alarmEmail) new AlarmMail(this, 'AlarmMail', { email: settings.alarmEmail });
    const outputs = {
      GithubWebhookUrl: `${api.url}webhooks/github`,
      GithubWebhookSecret: secrets.githubWebhook.secretArn,
      GithubAppSecret: secrets.githubApp.secretArn,
      ModelSecret: secrets.model.secretArn,
      LedgerFunction: ledger.functionName,
      ReconcileFunction: reconcile.functionName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
