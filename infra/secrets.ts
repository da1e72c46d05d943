import type { RemovalPolicy } from 'aws-cdk-lib';
import { Validations } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { allow } from './allow.ts';

/** A JSON secret that may be read and nothing else. */
export class JsonSecret extends Secret {
  grantGet(reader: IGrantable) {
    allow(reader, ['secretsmanager:GetSecretValue'], { resources: [this.secretArn] });
  }
}

/**
 * What the house must know and the template must not: Secrets Manager makes the first values, the operator puts the real
 * ones. Two for GitHub, so that the door cannot mint a token (docs/adr/0001).
 */
export class Secrets extends Construct {
  /** { current }: ready to be entered at GitHub. */
  readonly githubWebhook: JsonSecret;
  /** { appId, privateKey }: refused by who reads it until the operator has filled it in. */
  readonly githubApp: JsonSecret;
  /** { apiKey }, or { oauthToken } */
  readonly model: JsonSecret;

  constructor(scope: Construct, id: string, { removalPolicy }: { removalPolicy: RemovalPolicy }) {
    super(scope, id);
    // A changed generator would overwrite what the operator has put: these never change.
    const make = (name: string, description: string, generate: [template: object, key: string]) =>
      new JsonSecret(this, name, {
        description,
        removalPolicy,
        generateSecretString: generator(...generate),
      });
    this.githubWebhook = make(
      'GithubWebhook',
      'agent-bot: { current, previous? }, what GitHub signs webhooks with',
      [{}, 'current'],
    );
    this.githubApp = make('GithubApp', 'agent-bot: { appId, privateKey } of the GitHub App', [
      { appId: 'to be filled in', privateKey: 'to be filled in' },
      'placeholder',
    ]);
    this.model = make('Model', 'agent-bot: { apiKey } or { oauthToken } of the model provider', [
      { apiKey: 'to be filled in' },
      'placeholder',
    ]);
    for (const secret of [this.githubWebhook, this.githubApp, this.model])
      Validations.of(secret).acknowledge({
        id: 'AwsSolutions-SMG4',
        reason:
          'Only GitHub and the model provider can issue a new value, and neither lets AWS ask for one: people rotate it.',
      });
  }
}

const generator = (template: object, generateStringKey: string): SecretStringGenerator => ({
  secretStringTemplate: JSON.stringify(template),
  generateStringKey,
  passwordLength: 48,
  excludePunctuation: true,
});
