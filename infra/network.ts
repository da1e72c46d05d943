import { Validations } from 'aws-cdk-lib';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { GatewayVpcEndpointAwsService, IpAddresses, IpProtocol, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/**
 * One dual-stack network that costs nothing while nobody works: no NAT gateway, no interface endpoint. Image layers come
 * from S3 through its free gateway endpoint; what needs an AWS service without a public IPv4 address asks over IPv6.
 */
export class Network extends Construct {
  readonly vpc: IVpc;
  /** Workers have a public address while they run: GitHub answers over IPv4 only. */
  readonly workers: SubnetSelection = { subnetGroupName: 'workers' };
  /** The database and the ledger: no way out. */
  readonly data: SubnetSelection = { subnetGroupName: 'data' };
  /** Out over IPv6 only, in by nobody. */
  readonly migrate: SubnetSelection = { subnetGroupName: 'migrate' };

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new Vpc(this, 'Vpc', {
      ipProtocol: IpProtocol.DUAL_STACK,
      ipAddresses: IpAddresses.cidr('10.78.0.0/16'),
      maxAzs: 2, // a subnet group of RDS wants two zones
      natGateways: 0,
      subnetConfiguration: [
        { name: 'workers', subnetType: SubnetType.PUBLIC, cidrMask: 22, mapPublicIpOnLaunch: false },
        { name: 'data', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 26 },
        { name: 'migrate', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 26 },
      ],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    // a Vpc is an IVpc; the CDK's types are written for looser optional properties than ours
    this.vpc = vpc as IVpc;
    Validations.of(vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason:
        'Flow logs are billed per GB and nothing here listens for the outside: an account that wants them turns them on for all its networks.',
    });
  }
}
