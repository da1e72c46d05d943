import { join } from 'node:path';
import type { Duration } from 'aws-cdk-lib';
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { allow } from './allow.ts';

type Placement = {
  vpc: IVpc;
  vpcSubnets: SubnetSelection;
  securityGroup: ISecurityGroup;
  ipv6: boolean;
};

type LambdaFunctionProps = {
  /** functions/<entry>.ts */
  entry: string;
  description: string;
  environment: Record<string, string | undefined>;
  timeout: Duration;
  memorySize?: number;
  logRetention: RetentionDays;
  placement?: Placement;
  commandHooks?: ICommandHooks;
};

const root = join(import.meta.dirname, '..');

/** One bundle per entry file; its role may write its own log and whatever a construct grants by name. */
export const lambdaFunction = (scope: Construct, props: LambdaFunctionProps): NodejsFunction => {
  const { entry, description, environment, timeout, memorySize = 512, placement } = props;
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  return new NodejsFunction(scope, 'Function', {
    description,
    entry: join(root, 'functions', `${entry}.ts`),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    environment: defined(environment),
    timeout,
    memorySize,
    role,
    logGroup,
    awsSdkConnectionReuse: false, // Node 24 keeps connections by itself; it would be an environment variable of no env.ts
    projectRoot: root,
    depsLockFilePath: join(root, 'package-lock.json'),
    bundling: bundling(props.commandHooks),
    ...(placement && place(role, placement)),
  });
};

const defined = (environment: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );

const bundling = (commandHooks?: ICommandHooks) => ({
  format: OutputFormat.ESM,
  target: 'node24',
  minify: true,
  mainFields: ['module', 'main'],
  bundleAwsSDK: true, // the versions of the lock file, not those that the runtime has today
  banner:
    "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);", // pg is CommonJS
  ...(commandHooks && { commandHooks }),
});

const place = (role: Role, { ipv6, vpc, vpcSubnets, securityGroup }: Placement) => {
  grantNetworkInterfaces(role);
  return { vpc, vpcSubnets, securityGroups: [securityGroup], ipv6AllowedForDualStack: ipv6 };
};

const networkInterfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * For the Lambda service, which makes the interfaces under the function's role; EC2 names no resource for it. The function's
 * own calls carry lambda:SourceFunctionArn and are refused (Lambda guide, "Giving Lambda functions access to a VPC").
 */
const grantNetworkInterfaces = (role: Role) => {
  allow(role, networkInterfaceActions, { resources: ['*'] });
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: networkInterfaceActions,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  );
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'The Lambda service makes network interfaces under this role and EC2 lets no resource be named; the same actions are denied to the function itself.',
  });
};
