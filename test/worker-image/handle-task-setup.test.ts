import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { publish } from '#local/registry/npm-package.ts';
import { guard, hasLoopback } from '#test/support/agent.ts';
import { startRegistryBench } from '#test/support/registry-proxy.ts';
import { commitFiles } from '#test/support/commit-files.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { aChange, assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';

let house: WorkerHouse;
let bench: Awaited<ReturnType<typeof startRegistryBench>>;
beforeAll(async () => {
  house = await startWorkerHouse();
  bench = await startRegistryBench();
});
afterEach(() => assertNothingLeft(house));
afterAll(async () => {
  await bench.close();
  await house.close();
});

/** With this policy on its base, and these words for the agent. */
const handle = async (branch: string, policy: string, text: string) => {
  await commitFiles(house, { branch, files: { '.agent-bot.yml': policy } });
  const job = await house.aJob({ ...aChange, text, options: { base: branch } });
  const network = { setupRegistries: ['npm'] as const, openHosts: [], dial: bench.dial };
  const outcome = await house.handle(job, new AbortController().signal, { agent: { network } });
  return { job, outcome };
};

describe('the setup in the policy of the base branch', () => {
  it.runIf(!guard() || hasLoopback())(
    'is done before the agent works and before its change is checked',
    async () => {
      await publish(bench.twin, { name: 'left', version: '1.2.3', files: { 'index.js': '//left\n' } });
      const policy = [
        'setup:',
        '  - echo node_modules >> .git/info/exclude',
        '  - npm install --no-save --no-package-lock left@1.2.3',
        'verify: ["test -f node_modules/left/index.js"]',
      ].join('\n');
      const text = 'do: cat node_modules/left/index.js > note.txt\nsay: done';
      const { job, outcome } = await handle('with-setup', policy, text);
      expect(outcome).toMatchObject({ status: 'succeeded' });
      const { git } = lookAt(house);
      expect(await git('show', `agent/${job.task.id}:note.txt`)).toBe('//left\n');
      expect(await git('diff', '--name-only', 'with-setup', `agent/${job.task.id}`)).toBe('note.txt\n');
      expect(lookAt(house).commentsOf(job)[0]?.body).toContain('✓');
    },
    60_000,
  );

  it('may fail: the change is published, and says so', async () => {
    const { job, outcome } = await handle(
      'with-failure',
      'setup: ["echo no such thing; exit 7"]',
      aChange.text,
    );
    expect(outcome).toMatchObject({ status: 'succeeded' });
    const [pull] = lookAt(house).pullsOf(job);
    for (const text of [pull?.body, lookAt(house).commentsOf(job)[0]?.body]) {
      expect(text).toContain('⚠️ A setup command of `.agent-bot.yml` failed: it ended with 7.');
      expect(text).toContain('no such thing');
    }
  });
});
