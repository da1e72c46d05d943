// A run whose money is gone in the middle of the work, with the real CLI: what it had done is not lost.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import type { Outcome } from '#core/task.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import type { Script } from '#local/model/conversation.ts';
import { startScriptedModel } from '#local/model/scripted-model.ts';
import { programInReach } from '#local/reach.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import { localClaudeBinary } from '#worker/claude/binary.ts';
import { agentPath } from '#worker/claude/claude.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(() => assertNothingLeft(house));
afterAll(() => house.close());

/** Its turns cost some $0.21 each. */
const play = async (script: Script, budgetUsd: number) => {
  const [journal, faults] = [createJournal(), createFaults()];
  const usage = { output_tokens: 10_000 };
  const model = await startScriptedModel({
    journal,
    faults,
    apiKey: 'key',
    script: (conversation) => ({ ...script(conversation), usage }),
  });
  const job = await house.aJob({ text: 'write many lines', options: { budgetUsd } });
  const agent = {
    binary: programInReach(localClaudeBinary(), house.folder),
    path: agentPath(programInReach(process.execPath, house.folder), process.env['PATH']),
    maxTurns: 20,
    upstream: () => Promise.resolve({ baseUrl: model.url, apiKey: 'key' }),
  };
  const outcome = await house.handle(job, undefined, { agent });
  await model.close();
  return { job, outcome, calls: journal.entries().length };
};

const bash = (command: string) => ({
  tools: [{ name: 'Bash', input: { command, description: 'work' } }],
});

describe('a request whose budget is used up in the middle', () => {
  let job: Job;
  let outcome: Outcome;
  let calls: number;
  beforeAll(async () => {
    const script: Script = ({ steps }) => ({
      text: `I write line ${steps.length}.`,
      ...bash(`echo ${steps.length} >> note.txt`),
    });
    ({ job, outcome, calls } = await play(script, 0.5));
  });

  it('has failed in the books, with the draft that came of it, within its money', async () => {
    const branch = `agent/${job.task.id}`;
    expect(outcome).toEqual({
      status: 'failed',
      reason: 'over_budget',
      detail: '',
      draft: { url: expect.any(String), number: expect.any(Number), branch, summary: 'I write line 2.' },
    });
    const stored = await house.tasks.get(job.task.id);
    expect(stored).toMatchObject({ task: { status: 'failed', step: 'done' }, outcome });
    const usd = stored?.facts.report?.usage.costUsd;
    expect(usd).toBeGreaterThan(0.4);
    expect(usd).toBeLessThanOrEqual(0.5);
    expect(calls).toBe(3); // the last with a shorter answer; a fourth was refused before it went out
  });

  it('ends as a draft pull request that says what it is', async () => {
    const [pull] = look.pullsOf(job);
    expect(pull).toMatchObject({ title: 'write many lines', pull: { draft: true, baseBranch: 'main' } });
    expect(pull?.body).toMatch(/^⚠️ The budget was used up in the middle of the work/);
    const diff = await house.twin.git.diff(house.demo.gitDir, 'main', `agent/${job.task.id}`);
    expect(diff).toContain('+0\n+1\n+2');
  });

  it('ends with a comment that says where it is and how to go on', () => {
    const [comment, ...others] = look.commentsOf(job);
    expect(others).toEqual([]);
    const [what, words, said, todo, ci, cost] = comment?.body.split('\n\n') ?? [];
    expect(what).toMatch(
      /^❌ The budget was used up before the work was done\. What I had done by then is a draft: http\S+\/pull\/\d+$/,
    );
    expect([words, said]).toEqual(['My last words were:', 'I write line 2.']);
    expect(todo).toContain(`mention me again with \`--base agent/${job.task.id}\``);
    expect(ci).toMatch(/^⏸️ The CI has not started\./);
    expect(cost).toMatch(/^💰 \$0\.4\d+/);
  });
});

describe('a request whose budget does not do for a beginning', () => {
  it('fails, asks nobody and publishes nothing', async () => {
    const { job, outcome, calls } = await play(() => bash('echo on'), 0.05);
    expect(outcome).toMatchObject({ status: 'failed', reason: 'over_budget' });
    expect(outcome).not.toHaveProperty('draft');
    expect(calls).toBe(0);
    expect(look.pullsOf(job)).toEqual([]);
    expect(look.commentsOf(job)[0]?.body).toContain('Nothing was changed.');
  });
});

describe('a request for a model', () => {
  it('that the house does not have is told which ones it has, before anything is paid', async () => {
    const job = await house.aJob({ text: 'say: hello', options: { model: 'gpt-9' } });
    expect(await house.handle(job)).toMatchObject({ status: 'failed', reason: 'bad_model' });
    const body = look.commentsOf(job)[0]?.body;
    expect(body).toContain('I may not use the model gpt-9. I can use claude-opus-5-5, ');
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it.each(['opus', 'sonnet[1m]', 'claude-haiku-4-5-20251001'])('by the name %s is done', async (model) => {
    const job = await house.aJob({ text: 'say: hello', options: { model } });
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
  });
});
