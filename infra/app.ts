import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { AgentBotStack } from './agent-bot-stack.ts';

const app = new App();
new AgentBotStack(app, 'AgentBot', {
  description: 'agent-bot: a mention on GitHub becomes a pull request',
  settings: app.node.tryGetContext('agentBot'),
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
