import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AgentBotStack } from '#infra/agent-bot-stack.ts';

const { context } = JSON.parse(readFileSync(new URL('../../../cdk.json', import.meta.url), 'utf8'));

/** Without bundles and without the validation of each synth: a tenth of a second; synth.test.ts does it all once. */
export const synthesize = (settings: Record<string, unknown> = {}): Template => {
  process.env['CDK_VALIDATION'] = 'false';
  const outdir = mkdtempSync(join(tmpdir(), 'agent-bot-stack-'));
  try {
    const app = new App({ outdir, context: { ...context, 'aws:cdk:bundling-stacks': [] } });
    return Template.fromStack(new AgentBotStack(app, 'AgentBot', { settings }));
  } finally {
    rmSync(outdir, { recursive: true, force: true }); // the template is in memory; the CDK's own folder would stay
  }
};

/** A value of the template as one line: Ref X → X, Fn::GetAtt → X.Arn; names without the hash that the CDK appends. */
export const readable = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[intrinsic, argument] = ['', '']] = Object.entries(value);
  if (intrinsic === 'Ref') return nameOf(String(argument));
  if (intrinsic === 'Fn::GetAtt') return `${nameOf(argument[0])}.${argument[1]}`;
  if (intrinsic === 'Fn::Join') return argument[1].map(readable).join(argument[0]);
  return JSON.stringify(value);
};

/** Logical ids end in eight characters of a hash. */
export const nameOf = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, '');

/** Resources of one type by their names. */
export const resourcesOf = (template: Template, type: string) =>
  Object.fromEntries(
    Object.entries(template.findResources(type)).map(([id, resource]) => [nameOf(id), resource]),
  );

/** The properties of the one resource of its type. */
export const only = (template: Template, type: string) => {
  const [resource, ...others] = Object.values(template.findResources(type));
  if (!resource || others.length > 0)
    throw new Error(`${others.length + (resource ? 1 : 0)} resources of type ${type}`);
  return resource['Properties'];
};

type Statement = {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
};

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** What each role may, one line per action and resource; the custom resources of the CDK included. */
export const rightsOf = (template: Template): Record<string, string[]> => {
  const rights: Record<string, string[]> = {};
  const add = (role: string, statements: Statement[]) =>
    (rights[role] ??= []).push(...statements.flatMap(sentences));
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::Policy')))
    for (const role of Properties.Roles) add(readable(role), Properties.PolicyDocument.Statement);
  for (const [name, { Properties }] of Object.entries(resourcesOf(template, 'AWS::IAM::Role')))
    for (const { PolicyDocument } of Properties.Policies ?? []) add(name, PolicyDocument.Statement);
  for (const lines of Object.values(rights)) lines.sort();
  return rights;
};

const sentences = ({ Effect, Action, Resource, Condition }: Statement): string[] => {
  const verb = Effect === 'Deny' ? 'not ' : '';
  const when = Object.values(Condition ?? {})
    .flatMap((tests) => Object.entries(tests))
    .map(([key, value]) => ` if ${key} is ${readable(value)}`)
    .join('');
  return list(Action).flatMap((action) =>
    list(Resource).map((resource) => `${verb}${action} ${readable(resource)}${when}`),
  );
};
