import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

type Conditions = Record<string, Record<string, string>>;

/** Exactly these actions: the CDK's own grants give more than one where one is meant. */
export const allow = (
  { grantPrincipal }: IGrantable,
  actions: string[],
  { resources, conditions = {} }: { resources: string[]; conditions?: Conditions },
) => grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources, conditions }));
