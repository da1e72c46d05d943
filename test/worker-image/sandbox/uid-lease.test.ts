import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRoot } from '#test/support/agent.ts';
import type { UidRange } from '#worker/sandbox/uid-lease.ts';
import { leaseUid } from '#worker/sandbox/uid-lease.ts';

const source = new URL('../../../worker-image/sandbox/uid-lease.ts', import.meta.url).href;

describe.runIf(process.platform === 'linux')('the lease of a uid', () => {
  let folder: string;
  let cleared: number[];
  let range: UidRange;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'uids-'));
    cleared = [];
    const clear = async (uid: number) => void cleared.push(uid);
    range = { folder: join(folder, 'uids'), first: randomInt(1_000_000, 2_000_000_000), count: 4, clear };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What a worker that was killed in the middle of a run left. */
  const leaveLease = async (uid: number) => {
    const script = `const { leaseUid } = await import(${JSON.stringify(source)});
      const range = ${JSON.stringify({ ...range, first: uid, count: 1 })};
      await leaseUid({ ...range, clear: async () => {} });
      process.kill(process.pid, 'SIGKILL');`;
    await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit');
  };
  const uidsOf = (leases: readonly { uid: number }[]) => leases.map(({ uid }) => uid).sort();
  const all = () => [0, 1, 2, 3].map((offset) => range.first + offset);

  it('gives each uid of the range once, and then no more', async () => {
    const leases = await Promise.all([1, 2, 3, 4].map(() => leaseUid(range)));
    expect(uidsOf(leases)).toEqual(all());
    await expect(leaseUid(range)).rejects.toThrow('no uid from');
  });

  it('gives one again when it was cleared and given back', async () => {
    const leases = await Promise.all([1, 2, 3, 4].map(() => leaseUid(range)));
    await leases[2]!.giveBack();
    expect(cleared).toEqual([leases[2]!.uid]);
    expect((await leaseUid(range)).uid).toBe(leases[2]!.uid);
  });

  it('keeps one taken that could not be cleared', async () => {
    const stubborn = { ...range, count: 1, clear: () => Promise.reject(new Error('it would not end')) };
    const { giveBack } = await leaseUid(stubborn);
    await expect(giveBack()).rejects.toThrow('would not end');
    await expect(leaseUid(stubborn)).rejects.toThrow('no uid from');
  });

  it('does not always begin with the same one', async () => {
    const uids = new Set<number>();
    for (let tried = 0; tried < 60; tried += 1) {
      const { uid, release } = await leaseUid(range);
      uids.add(uid);
      await release();
    }
    expect(uids.size).toBeGreaterThan(1);
  });

  it('takes over from a process that is gone, after its uid was cleared', async () => {
    await leaveLease(range.first);
    const lease = await leaseUid({ ...range, count: 1 });
    expect([lease.uid, cleared]).toEqual([range.first, [range.first]]);
  });

  it('is taken over by one of many', async () => {
    await leaveLease(range.first);
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => leaseUid({ ...range, count: 1 })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(cleared).toEqual([range.first]);
  });

  it('knows a process that is gone although another one has its id by now', async () => {
    await leaveLease(range.first);
    const file = join(range.folder, String(range.first));
    const owner = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...owner, pid: process.pid })); // alive, but it started at another time
    expect((await leaseUid({ ...range, count: 1 })).uid).toBe(range.first);
  });

  it.runIf(isRoot)('is of no uid of which a process lives that nobody here knows', async () => {
    const child = spawn('/bin/sleep', ['60'], { uid: range.first, gid: range.first, stdio: 'ignore' });
    await once(child, 'spawn');
    await expect(leaseUid({ ...range, count: 1 })).rejects.toThrow('no uid from');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect((await leaseUid({ ...range, count: 1 })).uid).toBe(range.first);
    expect(cleared).toEqual([]);
  });

  it('leaves nothing but who has what', async () => {
    const { uid } = await leaseUid(range);
    expect(await readdir(range.folder)).toEqual([String(uid)]);
  });
});
