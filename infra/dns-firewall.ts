import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  CfnFirewallDomainList,
  CfnFirewallRuleGroup,
  CfnFirewallRuleGroupAssociation,
  CfnResolverQueryLoggingConfig,
  CfnResolverQueryLoggingConfigAssociation,
} from 'aws-cdk-lib/aws-route53resolver';
import { Construct } from 'constructs';
import type { TaskBucket } from './bucket.ts';
import type { Database } from './database.ts';
import type { Network } from './network.ts';
import { registryHosts } from './registry-hosts.ts';
import type { Settings } from './settings.ts';

type DnsFirewallProps = {
  network: Network;
  database: Database;
  bucket: TaskBucket;
  settings: Settings;
  logRetention: RetentionDays;
};

/**
 * Which names anybody in the network may ask for. The agent has no DNS at all: this stands behind the supervisor, should it be made
 * to ask for a name of somebody else's, which alone would carry data out. Every question is in the log, with what became of it.
 */
export class DnsFirewall extends Construct {
  constructor(scope: Construct, id: string, props: DnsFirewallProps) {
    super(scope, id);
    const known = new CfnFirewallDomainList(this, 'Known', { domains: domainsOf(this, props) });
    const all = new CfnFirewallDomainList(this, 'All', { domains: ['*'] });
    const rules = new CfnFirewallRuleGroup(this, 'Rules', {
      firewallRules: [
        {
          action: 'ALLOW',
          priority: 100,
          firewallDomainListId: known.attrId,
          // many are aliases of names of a CDN, which change
          firewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
        },
        {
          priority: 200,
          firewallDomainListId: all.attrId,
          ...(props.settings.dnsFirewall === 'block'
            ? { action: 'BLOCK', blockResponse: 'NXDOMAIN' }
            : { action: 'ALERT' }),
        },
      ],
    });
    const { vpcId } = props.network.vpc;
    new CfnFirewallRuleGroupAssociation(this, 'InNetwork', {
      firewallRuleGroupId: rules.attrId,
      vpcId,
      priority: 101, // the least that is free: up to 100 is Firewall Manager's
    });
    this.logQuestions(vpcId, props.logRetention);
  }

  private logQuestions(resourceId: string, retention: RetentionDays) {
    const log = new LogGroup(this, 'Questions', { retention, removalPolicy: RemovalPolicy.DESTROY });
    const logging = new CfnResolverQueryLoggingConfig(this, 'Logging', { destinationArn: log.logGroupArn });
    new CfnResolverQueryLoggingConfigAssociation(this, 'LoggingInNetwork', {
      resolverQueryLogConfigId: logging.attrId,
      resourceId,
    });
  }
}

/** By their whole names: below a wildcard of AWS anybody can have a name of their own. */
const domainsOf = (scope: Construct, { database, bucket, settings }: DnsFirewallProps): string[] => {
  const { region, account, urlSuffix } = Stack.of(scope);
  const own = [settings.githubUrl, settings.githubApiUrl, settings.modelBaseUrl].map(
    (url) => new URL(url).hostname,
  );
  return [
    ...new Set([
      database.appEnvironment.DATABASE_HOST,
      `${bucket.bucketName}.s3.${region}.${urlSuffix}`,
      ...['sqs', 'secretsmanager', 'logs', 'api.ecr'].map((name) => `${name}.${region}.${urlSuffix}`),
      `secretsmanager.${region}.api.aws`, // over IPv6, for migrate
      // the worker's image and its layers
      `${account}.dkr.ecr.${region}.${urlSuffix}`,
      `prod-${region}-starport-layer-bucket.s3.${region}.${urlSuffix}`,
      ...own,
      ...(settings.bedrock ? [`bedrock-runtime.${settings.bedrock.region}.${urlSuffix}`] : []),
      ...(own.includes('github.com') ? ['codeload.github.com'] : []),
      ...settings.setupRegistries.flatMap(registryHosts),
      ...settings.openHosts,
    ]),
  ];
};
