import { describe, expect, it } from 'vitest';
import { nameOf, only, readable, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const groups = resourcesOf(template, 'AWS::EC2::SecurityGroup');

type Rule = {
  IpProtocol: string;
  FromPort: number;
  ToPort: number;
  CidrIp?: string;
  CidrIpv6?: string;
  DestinationSecurityGroupId?: unknown;
  SourceSecurityGroupId?: unknown;
};
const peerOf = (rule: Rule) =>
  rule.CidrIp ??
  rule.CidrIpv6 ??
  readable(rule.DestinationSecurityGroupId ?? rule.SourceSecurityGroupId).replace('.GroupId', '');
const portOf = ({ FromPort, ToPort }: Rule) => {
  const [from, to] = [FromPort, ToPort].map((port) =>
    readable(port).replace('DatabaseInstance.Endpoint.Port', '5432'),
  );
  return from === to ? from : `${from}-${to}`;
};

/** Rules stand in the group or beside it. */
const rulesOf = (direction: 'Ingress' | 'Egress') => {
  const inline = Object.entries(groups).flatMap(([name, { Properties }]) =>
    (Properties[`SecurityGroup${direction}`] ?? []).map((rule: Rule) => [name, rule] as const),
  );
  const beside = Object.values(template.findResources(`AWS::EC2::SecurityGroup${direction}`)).map(
    ({ Properties }) => [readable(Properties.GroupId).replace('.GroupId', ''), Properties as Rule] as const,
  );
  return [...inline, ...beside]
    .filter(([, rule]) => rule.IpProtocol !== 'icmp' || rule.CidrIp !== '255.255.255.255/32') // the CDK's "nowhere"
    .map(([name, rule]) => `${name} ${rule.IpProtocol} ${portOf(rule)} ${peerOf(rule)}`)
    .sort();
};

describe('network', () => {
  it('lets in nobody but the three who use Postgres', () => {
    expect(rulesOf('Ingress')).toEqual([
      'DatabaseSecurityGroup tcp 5432 LedgerSecurityGroup',
      'DatabaseSecurityGroup tcp 5432 MigrateSecurityGroup',
      'DatabaseSecurityGroup tcp 5432 WorkerSecurityGroup',
    ]);
  });

  it('lets out the ledger to Postgres only, migrate also to IPv6, workers to HTTPS', () => {
    expect(rulesOf('Egress')).toEqual([
      'LedgerSecurityGroup tcp 5432 DatabaseSecurityGroup',
      'MigrateSecurityGroup tcp 443 ::/0',
      'MigrateSecurityGroup tcp 5432 DatabaseSecurityGroup',
      'WorkerSecurityGroup tcp 443 0.0.0.0/0',
      'WorkerSecurityGroup tcp 443 ::/0',
      'WorkerSecurityGroup tcp 5432 DatabaseSecurityGroup',
    ]);
  });

  it('has no group that lets out everything, and no port but HTTPS and Postgres', () => {
    const ports = rulesOf('Egress').map((rule) => rule.split(' ').slice(1, 3).join(' '));
    expect([...new Set(ports)].sort()).toEqual(['tcp 443', 'tcp 5432']);
    // CloudFormation lets everything out of a group that has no rule at all, in it or beside it
    const ruled = new Set([
      ...Object.keys(groups).filter((name) => groups[name]!['Properties'].SecurityGroupEgress?.length),
      ...rulesOf('Egress').map((rule) => rule.split(' ')[0]),
    ]);
    expect(Object.keys(groups).filter((name) => !ruled.has(name))).toEqual([]);
    const inTask = only(template, 'AWS::ECS::TaskDefinition');
    expect(inTask.ContainerDefinitions).toHaveLength(1); // a second one would share the agent's loopback
  });

  it('costs nothing while nobody works: no NAT, no interface endpoint, no key of our own', () => {
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::KMS::Key', 'AWS::ECS::Service'])
      template.resourceCountIs(type, 0);
    const endpoints = Object.values(template.findResources('AWS::EC2::VPCEndpoint'));
    expect(endpoints.map(({ Properties }) => Properties.VpcEndpointType)).toEqual(['Gateway']);
    expect(readable(endpoints[0]!['Properties'].ServiceName)).toBe('com.amazonaws.AWS::Region.s3');
  });

  it('has a way out of its own for each kind of subnet', () => {
    const routes = Object.values(template.findResources('AWS::EC2::Route')).map(({ Properties: p }) => {
      const by = readable(p.GatewayId ?? p.EgressOnlyInternetGatewayId).replace('NetworkVpc', '');
      return `${readable(p.RouteTableId).replace(/NetworkVpc(\w+)Subnet\dRouteTable/, '$1')} ${p.DestinationCidrBlock ?? p.DestinationIpv6CidrBlock} ${by}`;
    });
    expect([...new Set(routes)].sort()).toEqual([
      'migrate ::/0 EIGW6',
      'workers 0.0.0.0/0 IGW',
      'workers ::/0 IGW',
    ]);
  });

  it('puts ledger and database where nothing goes out, and migrate where IPv6 does', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    const subnets = (name: string) => [
      ...new Set(
        functions[name]!['Properties'].VpcConfig.SubnetIds.map((id: unknown) =>
          readable(id).replace(/NetworkVpc(\w+)Subnet\dSubnet/, '$1'),
        ),
      ),
    ];
    expect(subnets('LedgerFunction')).toEqual(['data']);
    expect(subnets('MigrateFunction')).toEqual(['migrate']);
    expect(functions['MigrateFunction']!['Properties'].VpcConfig.Ipv6AllowedForDualStack).toBe(true);
    expect(functions['LedgerFunction']!['Properties'].VpcConfig.Ipv6AllowedForDualStack).toBeFalsy();
    const inVpc = Object.keys(functions).filter((name) => functions[name]!['Properties'].VpcConfig);
    expect(inVpc.sort()).toEqual(['LedgerFunction', 'MigrateFunction']);
    const [group] = Object.values(template.findResources('AWS::RDS::DBSubnetGroup'));
    expect(group!['Properties'].SubnetIds.every((id: unknown) => readable(id).includes('dataSubnet'))).toBe(
      true,
    );
  });

  it('opens the ways to Postgres before it migrates', () => {
    const [trigger] = Object.values(template.findResources('Custom::Trigger'));
    const before = [trigger!['DependsOn']].flat().map(nameOf);
    expect(before).toEqual(expect.arrayContaining(['DatabaseInstance', 'MigrateSecurityGroup']));
    expect(
      before.some((name) => name.startsWith('DatabaseSecurityGroupfromAgentBotMigrateSecurityGroup')),
    ).toBe(true);
    expect(before.some((name) => name.startsWith('NetworkVpcmigrateSubnet1'))).toBe(true);
    expect(trigger!['Properties'].Timeout).toBe('360000');
  });
});
