import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { allow } from './allow.ts';
import type { Settings } from './settings.ts';

/** To ask exactly these models, streamed or not. */
export const grantBedrock = (worker: IRole, { region, models }: NonNullable<Settings['bedrock']>) => {
  const stack = Stack.of(worker);
  const arn = (place: { region: string; account: string }, resource: string, resourceName: string) =>
    stack.formatArn({
      service: 'bedrock',
      ...place,
      resource,
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  const resources = Object.values(models).flatMap((id) => {
    const [, profile, model = id] = /^([a-z]+)\.(anthropic\..+)$/.exec(id) ?? [];
    const modelIn = (region: string) => arn({ region, account: '' }, 'foundation-model', model);
    if (!profile) return [modelIn(region)];
    // it asks the model in whichever of its regions has room; the global one names none
    const own = arn({ region, account: stack.account }, 'inference-profile', id);
    return profile === 'global' ? [own, modelIn('*'), modelIn('')] : [own, modelIn('*')];
  });
  allow(worker, ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'], { resources });
  for (const id of Object.values(models))
    Validations.of(worker).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:bedrock:*::foundation-model/${id.replace(/^[a-z]+\.(?=anthropic\.)/, '')}]`,
      reason: 'One model, in whichever region its inference profile finds room.',
    });
};
