import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPullRequest, askAndWait } from './case.ts';
import { allCases } from './cases/all.ts';
import { callCases, countCalls } from './cases/calls.ts';
import type { CrashHouse } from './crash-house.ts';
import { startCrashHouse } from './crash-house.ts';
import { gather } from './gather.ts';
import { judge } from './oracles.ts';
import { runCase } from './run-case.ts';
import { createTrial } from './trial.ts';

let house: CrashHouse;
let stateDir: string;
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'crash-'));
  chmodSync(stateDir, 0o755); // Postgres's and the agent's uid pass through
  house = await startCrashHouse({ stateDir });
}, 120_000);
afterAll(async () => {
  await house.close();
  rmSync(stateDir, { recursive: true, force: true });
});

/** A sample of what `npm run test:crash` does. */
const sample = new Set([
  'K1 KILL',
  'K5 TERM',
  'K6b KILL',
  'K8 power',
  'K10 KILL',
  'R3 TERM',
  'K16 ring',
  'DUP-4',
  'FIFO-2c',
]);

describe('a worker that is struck down', { timeout: 150_000 }, () => {
  it.each(allCases(0).filter(({ id }) => sample.has(id)))('$id: $title', async (one) => {
    expect(await runCase(house, one)).toMatchObject({ status: 'passed', texts: [] });
  });

  it('has a case before and after every port call of a request', async () => {
    const count = await countCalls(house);
    const cases = callCases(count);
    expect(count).toBeGreaterThan(40);
    expect(cases).toHaveLength(2 * count);
    expect(cases.at(-1)?.title).toContain(`call ${count} of ${count}`);
  });

  it('and whose traces are tampered with is found out by the oracles', async () => {
    const trial = createTrial(house, 'tampered');
    await askAndWait(trial);
    expect(judge(await gather(trial, aPullRequest))).toEqual([]);

    const { issues } = house.github.repository(house.demo.repository);
    const { comments } = issues.get(trial.threads[0]!)!;
    const ours = comments.find(({ user }) => user.type === 'Bot');
    comments.push({ ...ours!, id: ours!.id + 1 });
    const [task] = await trial.tasks();
    await house.query('update deliveries set task_id = null, refusal = $2 where task_id = $1', [
      task!.id,
      'no_permission',
    ]);
    await house.query(
      `update tasks set status = 'running', outcome = null, finished_at = null, lease_owner = gen_random_uuid(),
         lease_until = now() where id = $1`,
      [task!.id],
    );
    await house.query(`update spend set state = 'reserved' where task_id = $1`, [task!.id]);
    mkdirSync(join(house.place.runsDir, 'left'), { recursive: true });
    house.logs.push(`master | ${Buffer.from(house.postgres.master.password).toString('hex')}`);

    const seen = new Set(judge(await gather(trial, aPullRequest)).map(({ oracle }) => oracle));
    expect([...seen].toSorted()).toEqual(
      ['I2 nothing twice', 'I4 no secret', 'I5 clean exit', 'I8 money', 'as expected'].toSorted(),
    );
  });
});
