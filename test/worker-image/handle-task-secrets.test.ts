import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { isRoot, startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';

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

describe('secrets', () => {
  it.runIf(process.platform === 'linux')(
    'are in no argument of any process and nowhere in the agent’s reach',
    async () => {
      const job = await house.aJob({
        text: 'do: env | grep -v ^ANTHROPIC_API_KEY= > env.txt; cat /proc/*/cmdline 2>/dev/null | tr "\\0" " " > seen.txt\nsay: looked',
      });
      const seen = new Set<string>();
      const done = new AbortController();
      const watch = async () => {
        while (!done.signal.aborted) {
          await setTimeout(2); // leaves the machine some time for what is watched
          for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
            seen.add(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
          }
        }
      };
      const watching = watch();
      await handle(job);
      done.abort();
      await watching;
      const all = [...seen].join('\n');
      expect(all).toContain('git'); // the watch saw git at work
      expect(all).not.toMatch(/ghs_/);
      const environment = await look.git('show', `agent/${job.task.id}:env.txt`);
      expect(environment).toContain('ANTHROPIC_BASE_URL');
      expect(environment).not.toMatch(/ghs_|sk-test|DATABASE|AWS_|PRIVATE KEY/);
      const others = await look.git('show', `agent/${job.task.id}:seen.txt`);
      expect(others).toContain('claude');
      expect(others).not.toMatch(/ghs_|sk-test/);
      expect(house.text()).not.toMatch(/ghs_|sk-test|PRIVATE KEY/);
    },
  );

  it.runIf(isRoot)('lie where the agent cannot read them', async () => {
    const job = await house.aJob({
      text: `do: ls ${house.stateDir} >> seen.txt 2>&1; ls ${house.stateDir}/bare/* >> seen.txt 2>&1; ls ${house.runsDir} >> seen.txt 2>&1\nsay: looked`,
    });
    await handle(job);
    const shown = await look.git('show', `agent/${job.task.id}:seen.txt`);
    expect(shown.trim().split('\n')).toHaveLength(3);
    for (const line of shown.trim().split('\n')) expect(line).toMatch(/Permission denied|cannot access/);
  });
});
