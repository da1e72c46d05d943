import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import type { Outcome } from '#core/task.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { aChange, assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(async () => {
  house.faults.clear();
  await assertNothingLeft(house);
});
afterAll(() => house.close());

const never = new AbortController().signal;
const handle = (job: Job, signal = never) => house.handle(job, signal);

describe('a request that changes something', () => {
  let job: Job;
  let outcome: Outcome;
  beforeAll(async () => {
    job = await house.aJob(aChange);
    outcome = await handle(job);
  });

  it('succeeds', () => {
    expect(outcome).toMatchObject({ status: 'succeeded', result: { kind: 'pull_request' } });
  });

  it('ends as a pull request whose diff is the change', async () => {
    const [pull] = look.pullsOf(job);
    expect(pull).toMatchObject({ title: 'I wrote a note.', pull: { baseBranch: 'main' } });
    const diff = await house.twin.git.diff(house.demo.gitDir, 'main', `agent/${job.task.id}`);
    expect(diff).toContain('+++ b/note.txt\n@@ -0,0 +1 @@\n+hello');
  });

  it('ends with one comment that names it and the cost', () => {
    const comments = look.commentsOf(job);
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toMatch(
      /^✅ Pull request: http\S+\/pull\/\d+\n\nI wrote a note\.\n\n⏸️ The CI has not started\..*\n\n💰 \$0\.0000 · 3 turns · \d+s\n\n<!-- agent-bot:/,
    );
  });

  it('has a commit of the App that names the task', async () => {
    const commit = await house.twin.git.commit(house.demo.gitDir, (await look.branchOf(job)) ?? '');
    expect(commit?.author.name).toBe('agent-bot[bot]');
    expect(commit?.message).toMatch(new RegExp(`\n\nAgent-Task: ${job.task.id}$`));
    expect(commit?.parents).toEqual([house.demo.headSha]);
  });

  it('is stored as done, with its run and its money', async () => {
    const stored = await house.tasks.get(job.task.id);
    expect(stored).toMatchObject({
      task: { status: 'succeeded', step: 'done' },
      facts: { baseBranch: 'main' },
    });
    const { rows } = await house.db.execute(
      sql`select status, turns from runs where task_id = ${job.task.id}`,
    );
    expect(rows).toEqual([{ status: 'succeeded', turns: 3 }]);
    const { rows: spent } = await house.db.execute(sql`select usd from spend where task_id = ${job.task.id}`);
    expect(spent).toHaveLength(1);
  });

  it('asked for exactly one repository and four rights, and gave every token back', () => {
    const minted = house.journal.entries().filter(({ call }) => call.endsWith('/access_tokens'));
    expect(minted).toHaveLength(1);
    expect(JSON.stringify(minted[0]?.detail)).toContain(String(house.demo.repositoryId));
    expect(JSON.stringify(minted[0]?.detail)).not.toContain('workflows');
    const revoked = house.journal
      .entries()
      .filter(({ call }) => call.includes('DELETE') && call.endsWith('/installation/token'));
    expect(revoked).toMatchObject([{ status: 204 }]);
  });
});

describe('a request', () => {
  it('that is answered without a change ends with the answer', async () => {
    const job = await house.aJob({ text: 'say: It is on line 3.' });
    expect(await handle(job)).toMatchObject({ status: 'succeeded', result: { kind: 'answer' } });
    expect(look.commentsOf(job)[0]?.body).toMatch(/^It is on line 3\.\n\n💰/);
    expect(look.pullsOf(job)).toEqual([]);
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it('after which nothing was changed and nothing said is a failure, told on the thread', async () => {
    const job = await house.aJob({ text: 'do: true' });
    expect(await handle(job)).toMatchObject({ status: 'failed', reason: 'nothing_done' });
    expect(look.commentsOf(job)[0]?.body).toContain('❌ The agent changed nothing and said nothing.');
  });

  it.each([
    ['exit 3', 'agent_error'],
    [
      `echo '{"type":"result","subtype":"success","is_error":true,"terminal_reason":"api_error","api_error_status":401,"num_turns":1,"result":"no key"}'; exit 1`,
      'model_error',
    ],
    [
      `echo '{"type":"result","subtype":"success","is_error":true,"num_turns":1,"result":"x"}'; exit 0`,
      'agent_error',
    ],
  ])('whose run ends with %s fails as %s, though files were changed', async (script, reason) => {
    const job = await house.aJob({ text: `do: echo x > x.txt; ${script}\nsay: fine` });
    expect(await handle(job)).toMatchObject({ status: 'failed', reason });
    expect(look.commentsOf(job)[0]?.body).toMatch(/^❌/);
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it.each([
    ['a patch over the cap', 'head -c 6000000 /dev/urandom > noise.bin', 'larger than 5 MB'],
    [
      'a change of workflows',
      'mkdir -p .github/workflows; echo x > .github/workflows/ci.yml',
      'workflows run with the secrets',
    ],
    ['a link out of the repository', 'ln -s /etc/passwd leak', 'a link that leads out'],
    ['a broken repository', 'rm -rf .git', 'no change can be read'],
  ])('that ends in %s is refused, and the thread says why', async (_, script, words) => {
    const job = await house.aJob({ text: `do: ${script}\nsay: done` });
    expect(await handle(job)).toMatchObject({ status: 'failed', reason: 'patch_refused' });
    expect(look.commentsOf(job)[0]?.body).toContain(words);
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it.each(['nowhere', '--upload-pack=touch /tmp/pwned', '../main', 'a..b', 'HEAD~1', ':main'])(
    'from the base branch %s fails and says so, before the model is asked',
    async (base) => {
      const before = await house.runCount();
      const job = await house.aJob({ ...aChange, options: { base } });
      expect(await handle(job)).toMatchObject({ status: 'failed', reason: 'bad_base' });
      expect(look.commentsOf(job)[0]?.body).toContain('❌ I could not start from');
      expect(await house.runCount()).toBe(before);
    },
  );

  it('can start from another branch, and goes back to it', async () => {
    await look.git('update-ref', 'refs/heads/release/1.x', house.demo.headSha);
    const job = await house.aJob({ ...aChange, options: { base: 'release/1.x', draft: true } });
    await handle(job);
    expect(look.pullsOf(job)).toMatchObject([{ pull: { baseBranch: 'release/1.x', draft: true } }]);
  });

  it('for another repository is refused', async () => {
    const job = await house.aJob({ ...aChange, options: { repository: 'octo-org/other' } });
    expect(await handle(job)).toMatchObject({ status: 'failed', reason: 'bad_base' });
  });

  it('that runs out of time ends so', async () => {
    const job = await house.aJob({ text: 'do: tail -f /dev/null\nsay: x' });
    expect(await house.handle(job, never, { agent: { idleMs: 300 } })).toEqual({
      status: 'timed_out',
      afterMs: 300,
    });
    expect(look.commentsOf(job)[0]?.body).toContain('❌ I ran out of time');
  });

  it('of somebody who uninstalled the App meanwhile ends without a word', async () => {
    const job = await house.aJob(aChange);
    house.faults.inject({
      call: /access_tokens/,
      fault: { kind: 'answer', status: 404, body: '{"message":"Not Found"}' },
    });
    expect(await handle(job)).toMatchObject({ status: 'failed', reason: 'uninstalled' });
    expect((await house.tasks.get(job.task.id))?.task.status).toBe('failed');
    expect(look.commentsOf(job)).toEqual([]);
  });

  it('that was begun too often is given up, and says so', async () => {
    const job = await house.aJob(aChange);
    expect(await handle({ ...job, attempt: 6 })).toMatchObject({ status: 'failed', reason: 'internal' });
    expect(look.commentsOf(job)[0]?.body).toContain('Something went wrong on my side');
  });
});
