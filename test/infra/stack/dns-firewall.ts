import { describe, expect, it } from 'vitest';
import { hostsOf, registries, registryNames } from '#core/registries.ts';
import { registryHosts } from '#infra/registry-hosts.ts';
import { only, readable, resourcesOf, synthesize } from './synthesize.ts';

const block = synthesize({ dnsFirewall: 'block' });
const listOf = (name: string, template = block): string[] =>
  resourcesOf(template, 'AWS::Route53Resolver::FirewallDomainList')[name]!['Properties'].Domains.map(
    readable,
  );

const idOf = (name: string) => ({
  'Fn::GetAtt': [expect.stringMatching(new RegExp(`^${name}[0-9A-F]{8}$`)), 'Id'],
});

describe('the DNS firewall', () => {
  it('answers for what is known, whatever it is an alias of, and for nothing else', () => {
    const { FirewallRules } = only(block, 'AWS::Route53Resolver::FirewallRuleGroup');
    expect(FirewallRules).toEqual([
      {
        FirewallDomainListId: idOf('DnsFirewallKnown'),
        Action: 'ALLOW',
        Priority: 100,
        FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
      },
      {
        FirewallDomainListId: idOf('DnsFirewallAll'),
        Action: 'BLOCK',
        Priority: 200,
        BlockResponse: 'NXDOMAIN',
      },
    ]);
    expect(listOf('DnsFirewallAll')).toEqual(['*']);
  });

  it('stands before the network of the house, and logs every question there', () => {
    const association = only(block, 'AWS::Route53Resolver::FirewallRuleGroupAssociation');
    expect(readable(association.VpcId)).toBe('NetworkVpc');
    expect(readable(association.FirewallRuleGroupId)).toBe('DnsFirewallRules.Id');
    expect(association.Priority).toBeGreaterThan(100);
    const logging = only(block, 'AWS::Route53Resolver::ResolverQueryLoggingConfig');
    expect(readable(logging.DestinationArn)).toBe('DnsFirewallQuestions.Arn');
    const logged = only(block, 'AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation');
    expect([readable(logged.ResourceId), readable(logged.ResolverQueryLogConfigId)]).toEqual([
      'NetworkVpc',
      'DnsFirewallLogging.Id',
    ]);
  });

  it('knows the house’s own parts of AWS by their whole names, and no wildcard', () => {
    const here = 'AWS::Region.AWS::URLSuffix';
    expect(
      listOf('DnsFirewallKnown').filter((name) => name.includes('::') || name.includes('Database')),
    ).toEqual([
      'DatabaseInstance.Endpoint.Address',
      `TasksBucket.s3.${here}`,
      `sqs.${here}`,
      `secretsmanager.${here}`,
      `logs.${here}`,
      `api.ecr.${here}`,
      'secretsmanager.AWS::Region.api.aws',
      `AWS::AccountId.dkr.ecr.${here}`,
      `prod-AWS::Region-starport-layer-bucket.s3.${here}`,
    ]);
    expect(listOf('DnsFirewallKnown').filter((name) => name.includes('*'))).toEqual([]);
  });

  it('knows GitHub, the model and every registry of a setup', () => {
    expect(listOf('DnsFirewallKnown')).toEqual(
      expect.arrayContaining([
        'github.com',
        'api.github.com',
        'codeload.github.com',
        'api.anthropic.com',
        ...registryNames.flatMap((name) => hostsOf(registries[name])),
      ]),
    );
    for (const name of registryNames)
      expect(registryHosts(name).toSorted()).toEqual(hostsOf(registries[name]).toSorted());
  });

  it('knows what the operator says, and no registry beside', () => {
    const known = listOf(
      'DnsFirewallKnown',
      synthesize({
        dnsFirewall: 'block',
        setupRegistries: ['pypi'],
        openHosts: ['docs.example.com'],
        githubUrl: 'https://github.example',
        githubApiUrl: 'https://github.example/api/v3',
        modelBaseUrl: 'https://model.example:8443/x',
      }),
    );
    expect(known.filter((name) => !name.includes('::') && !name.includes('Database'))).toEqual([
      'github.example',
      'model.example',
      'pypi.org',
      'files.pythonhosted.org',
      'docs.example.com',
    ]);
  });

  it('marks only, until the operator says block, and is not there when the operator says off', () => {
    const { FirewallRules } = only(synthesize(), 'AWS::Route53Resolver::FirewallRuleGroup');
    expect(FirewallRules.map(({ Action }: { Action: string }) => Action)).toEqual(['ALLOW', 'ALERT']);
    const off = synthesize({ dnsFirewall: 'off' });
    expect(JSON.stringify(off.toJSON())).not.toContain('Route53Resolver');
  });
});
