import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { credentials, region } from '#local/aws/names.ts';
import type { Answer } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';
import { operate, runProcess } from '#test/support/operator.ts';

const verbs = ['tasks', 'show', 'letters', 'status', 'retry', 'redrive', 'freeze', 'thaw', 'freezes'];

describe('the help', () => {
  it('comes from the npm script, and names every command and the exit codes', async () => {
    const { code, stdout } = await runProcess(['npm', 'run', '-s', 'agent-bot', '--', '--help'], {
      PATH: process.env['PATH'] ?? '',
    });
    expect(code).toBe(0);
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
    expect(stdout).toContain('0 done, 1 not done, 2 not understood, 3 no such thing');
  });

  it.each(verbs)('of %s has examples and fits 80 columns', async (verb) => {
    const { code, stdout } = await operate([verb, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`agent-bot ${verb}`);
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('--json');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('what is not understood', () => {
  it.each([
    [[], 'Usage: agent-bot'],
    [['dance'], "unknown command 'dance'"],
    [['tasks', '--fast'], "unknown option '--fast'"],
    [['tasks', '--open', '--all'], 'cannot be used with'],
    [['tasks', '--limit', 'many'], 'a number from 1 to 500'],
    [['tasks', '--thread', 'shop'], 'owner/name'],
    [['show'], "missing required argument 'task'"],
    [['show', 'xyz'], 'first four or more'],
    [['retry', '0b0e7a52', 'more'], 'too many arguments'],
    [['freeze', 'all'], "required option '--reason <text>'"],
    [['freeze', 'everything', '--reason', 'x'], 'owner/name or the number of an installation'],
    [['freeze', 'all', '--reason', ' '], 'It is empty'],
  ])('%j ends with 2 and says so', async (args, text) => {
    const { code, stdout, stderr } = await operate(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });
});

describe('a house that cannot be reached', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'operator-usage-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ask = async (house?: object) => {
    if (house) writeFileSync(join(folder, 'house.json'), JSON.stringify(house));
    const { code, stdout, stderr } = await operate(['status', '--state', folder]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    return stderr;
  };
  const place = {
    endpoint: 'http://127.0.0.1:9',
    region,
    credentials,
    ledger: 'ledger',
    reconcile: 'reconcile',
  };

  it('is told as what it is, with what to do', async () => {
    expect(await ask()).toMatch(/No house runs in .*npm start.*--function/);
    expect(await ask({ owner: {} })).toContain('still starting');
    expect(await ask({ functions: place })).toMatch(/does not answer.*npm start/);
  });

  it('is told as JSON to who wants JSON', async () => {
    const { code, stderr } = await operate(['status', '--json', '--state', join(folder, 'none')]);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toEqual({ problem: expect.stringContaining('No house runs') });
  });
});

describe('a stack', () => {
  const aws = { AWS_REGION: 'eu-north-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  const onStack = async (answer: Answer, args: string[], extra: Record<string, string> = {}) => {
    const server = await startServer(() => answer);
    try {
      const env = { ...aws, AWS_ENDPOINT_URL_LAMBDA: server.url, ...extra };
      return { ...(await operate(args, env)), seen: server.seen };
    } finally {
      await server.close();
    }
  };
  const refused = (status: number, type: string): Answer => ({
    status,
    headers: { 'x-amzn-errortype': type },
    json: { Message: 'no' },
  });

  it('is called by the names that the options or the environment give, with the credentials of the SDK', async () => {
    const answer: Answer = { json: [] };
    const byOption = await onStack(answer, ['freezes', '--function', 'Stack-Ledger']);
    const byEnvironment = await onStack(answer, ['freezes'], { AGENT_BOT_LEDGER: 'Stack-Ledger' });
    for (const { code, stdout, seen } of [byOption, byEnvironment]) {
      expect([code, stdout]).toEqual([0, 'Nothing is frozen.\n']);
      expect(seen.map(({ path }) => path)).toEqual(['/2015-03-31/functions/Stack-Ledger/invocations']);
      expect(String(seen[0]?.headers['authorization'])).toContain('/eu-north-1/lambda/');
      expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ verb: 'freezes.list', input: {} });
    }
  });

  it('is asked for a worker only where its reconcile is named', async () => {
    const answer: Answer = { json: { kind: 'thawed', requeued: 2 } };
    const both = await onStack(answer, ['thaw', 'all', '--function', 'L', '--reconcile', 'R']);
    expect(both.seen.map(({ path }) => path.split('/')[3])).toEqual(['L', 'R']);
    const one = await onStack(answer, ['thaw', 'all', '--function', 'L']);
    expect(one.seen).toHaveLength(1);
  });

  it.each([
    [404, 'ResourceNotFoundException', 'There is no function Stack-Ledger'],
    [403, 'AccessDeniedException', 'lambda:InvokeFunction'],
    [403, 'UnrecognizedClientException', 'AWS_PROFILE'],
    [403, 'ExpiredTokenException', 'aws sso login'],
  ])('that answers %i %s is told with what to do', async (status, type, text) => {
    const { code, stdout, stderr } = await onStack(refused(status, type), [
      'status',
      '--function',
      'Stack-Ledger',
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('whose ledger failed is told by the kind of its error, not with what it had been asked', async () => {
    const failed: Answer = {
      headers: { 'x-amz-function-error': 'Unhandled' },
      json: { errorType: 'ZodError', errorMessage: 'private words' },
    };
    const { code, stderr } = await onStack(failed, ['status', '--function', 'L']);
    expect(code).toBe(1);
    expect(stderr).toContain('L failed: ZodError');
    expect(stderr).not.toContain('private words');
  });

  it('needs a region', async () => {
    const { code, stderr } = await operate(['status', '--function', 'L'], { HOME: tmpdir() });
    expect(code).toBe(1);
    expect(stderr).toContain('AWS_REGION');
  });
});
