import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
let scratch: string;
let out: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'agent-bot-synth-'));
  out = join(scratch, 'cdk.out');
  await synthesize(out);
}, 150_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const template = () => readFileSync(join(out, 'AgentBot.template.json'), 'utf8');
/** No credentials, no region, no account; what the CDK keeps for itself, at home or for the moment, goes with the rest. */
const env = () => ({ PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: scratch, TMPDIR: scratch });

/** What `npm run synth` runs. */
const synthesize = (output: string, ...flags: string[]) =>
  promisify(execFile)(
    process.execPath,
    [join(root, 'node_modules/aws-cdk/bin/cdk'), 'synth', '--quiet', '--output', output, ...flags],
    { cwd: root, env: env(), timeout: 120_000, maxBuffer: 2 ** 26 },
  );

type FunctionResource = { Type: string; Metadata?: Record<string, string>; Properties: { Handler: string } };

const bundles = (): [name: string, file: string][] => {
  const { Resources }: { Resources: Record<string, FunctionResource> } = JSON.parse(template());
  return Object.entries(Resources)
    .filter(([id, { Type }]) => Type === 'AWS::Lambda::Function' && /^\w+Function[0-9A-F]{8}$/.test(id))
    .map(([id, { Metadata }]) => [
      id.replace(/Function.{8}$/, ''),
      join(out, Metadata!['aws:asset:path']!, 'index.mjs'),
    ]);
};

/** Loads a bundle as Lambda would, with nothing in its environment. */
const load = (file: string) => {
  const script = `import(${JSON.stringify(file)}).then(({ handler }) => console.log(typeof handler))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', script], {
    env: {},
    encoding: 'utf8',
    timeout: 30_000,
  });
  return `${stdout}${stderr}`;
};

describe('the full synth', { timeout: 180_000 }, () => {
  it('passes validation and cdk-nag without an account, and knows no account or region', () => {
    expect(template()).not.toMatch(/\b\d{12}\b|\b(us|eu|ap)-[a-z]+-\d\b/);
  });

  it('gives every function a bundle that loads, and asks for its environment', () => {
    const asked = { Github: 'WEBHOOK_SECRET_ID', Triage: 'GITHUB_APP_SECRET_ID', Ledger: 'DATABASE_HOST' };
    const said = Object.fromEntries(bundles().map(([name, file]) => [name, load(file)]));
    expect(said).toEqual({
      Health: 'function\n',
      Github: expect.stringContaining(asked.Github),
      Triage: expect.stringContaining(asked.Triage),
      DeadLetters: expect.stringContaining(asked.Triage),
      Ledger: expect.stringContaining(asked.Ledger),
      Migrate: expect.stringContaining('MASTER_SECRET_ID'),
      Sweep: expect.stringContaining('GITHUB_APP_SECRET_ID'),
      Reconcile: expect.stringContaining('TASK_DEFINITION_ARN'),
    });
  });

  it('lays the migrations beside the bundle of migrate', () => {
    const [, file] = bundles().find(([name]) => name === 'Migrate')!;
    const beside = join(dirname(file), 'migrations');
    expect(readdirSync(beside).sort()).toEqual(readdirSync(join(root, 'db/migrations')).sort());
  });

  it('takes into the image what the worker is made of, and no tests, modules or git history', () => {
    const { dockerImages }: { dockerImages: Record<string, { source: { directory: string } }> } = JSON.parse(
      readFileSync(join(out, 'AgentBot.assets.json'), 'utf8'),
    );
    const [image] = Object.values(dockerImages);
    const context = join(out, image!.source.directory);
    expect(readdirSync(context).sort()).toEqual([
      '.dockerignore',
      'core',
      'db',
      'package-lock.json',
      'package.json',
      'worker-image',
    ]);
    expect(existsSync(join(context, 'worker-image/main.ts'))).toBe(true);
    expect(existsSync(join(context, 'worker-image/test-image.ts'))).toBe(false);
  });

  it('fails on what validation or cdk-nag finds', async () => {
    const app = 'node --import ./test/infra/fixtures/seeded-faults.ts infra/app.ts';
    const failed = await synthesize(join(scratch, 'faulty'), '--app', app).catch((error) => error);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('SeededTopic');
    expect(failed.stderr).toContain('AwsSolutions-SNS3');
    expect(failed.stderr).toContain('SeededRule');
  });
});
