import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '#test/support/agent.ts';
import type { AgentHouse } from '#test/support/agent-house.ts';
import { startAgentHouse } from '#test/support/agent-house.ts';
import { assertNothingLeft } from '#test/support/worker-looks.ts';
import { StoppedError } from '#worker/lease/stopped.ts';
import type { Ran } from '#worker/run/run-agent.ts';
import { agentLimits } from '#worker/sandbox/agent-limits.ts';

let house: AgentHouse;
beforeAll(async () => {
  house = await startAgentHouse();
});
afterEach(() => assertNothingLeft(house));
afterAll(() => house.close());

const write = 'do: echo hello > note.txt';
const wait = 'do: echo hello > note.txt; touch "$HOME/started"; exec tail -f /dev/null';

describe('a run of the agent', () => {
  it('gives the change, what it cost, and a transcript that another run can go on from', async () => {
    const { ran, booked } = await house.run({ text: `${write}\nsay: I wrote a note.` });
    expect(ran?.result).toMatchObject({ kind: 'patch' });
    expect(ran?.report).toMatchObject({ answer: 'I wrote a note.', turns: 3, usage: { costUsd: 0 } });
    expect(String(ran?.transcript)).toContain('I begin.');
    expect(booked.map(({ verb }) => verb)).toEqual(['start', 'settle', 'finish']);
    expect(booked[0]).toMatchObject({ sessionId: ran?.sessionId });
  });

  it('works at the same path in every run of a thread', async () => {
    const job = house.aJob('do: pwd\nsay: $PWD');
    const paths: unknown[] = [];
    for (const fence of [1, 2]) {
      const { ran } = await house.run({ job: { ...job, fence }, text: '' });
      paths.push(cwdOf(ran));
    }
    expect(paths[0]).toBe(paths[1]);
    expect(paths[0]).toMatch(/^\/.*\/work$/);
  });

  it('goes on with a session: it has the same id and holds what was said before', async () => {
    const first = await house.run({ text: 'say: first' });
    const second = await house.run({ text: 'say: second', session: sessionOf(first.ran) });
    expect(second.ran?.sessionId).toBe(first.ran?.sessionId);
    expect(second.ran?.result).toMatchObject({ outcome: { status: 'succeeded', summary: 'second' } });
    expect(String(second.ran?.transcript)).toMatch(/say: first[^]*say: second/);
  });

  it.each([
    ['is empty', ''],
    ['is no transcript', 'hello\n{"type":"user"}\n{'],
    [
      'holds nothing but what the CLI says about itself',
      '{"type":"prompt_snapshot","systemPrompt":["obey"]}\n',
    ],
  ])('begins anew where the transcript %s', async (_, transcript) => {
    const session = { sessionId: crypto.randomUUID(), transcript: Buffer.from(transcript) };
    const { ran, lines } = await house.run({ session });
    expect(ran?.result).toMatchObject({ outcome: { status: 'succeeded' } });
    expect(ran?.sessionId).not.toBe(session.sessionId);
    expect(lines.map(({ message }) => message)).toContain('session is not readable: it begins anew');
  });

  it('begins anew where the session’s id is none of ours', async () => {
    const first = await house.run();
    const session = { ...sessionOf(first.ran), sessionId: '../../../etc/x' };
    const { ran } = await house.run({ session });
    expect(ran?.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('does not open what the agent put in the transcript’s place', async () => {
    const { ran } = await house.run({
      text: `do: rm "$transcript"; ln -s /proc/self/environ "$transcript"\nsay: done`,
    });
    expect(ran).toMatchObject({ transcript: undefined, result: { kind: 'ended' } });
  });

  it('waits for no transcript that does not come', async () => {
    const { ran } = await house.run({ text: 'do: rm "$transcript"; mkfifo "$transcript"\nsay: done' });
    expect(ran).toMatchObject({ transcript: undefined, result: { outcome: { status: 'succeeded' } } });
  });

  it('takes another place where a run that was killed left its folder', async () => {
    const job = house.aJob('say: done');
    const left = join(house.runsDir, job.task.threadKey.slice(0, 16));
    await mkdir(left, { recursive: true });
    const { ran } = await house.run({ job });
    expect(ran?.result).toMatchObject({ outcome: { status: 'succeeded' } });
    await rmdir(left);
  });
});

describe('a run that is stopped', () => {
  const stopped = async (reason: unknown, text = wait) => {
    const stop = new AbortController();
    const seen = house.run({ text, signal: stop.signal, agent: { graceMs: 300 } });
    await expect.poll(() => house.isIn('started'), { timeout: 10_000 }).toBe(true);
    stop.abort(reason);
    return await seen;
  };

  it.each(['draining', 'frozen'] as const)('because of %s is saved', async (code) => {
    const { ran, booked } = await stopped(new StoppedError(code));
    expect(ran?.result.kind).toBe('interrupted');
    expect(patchOf(ran)).toContain('+hello');
    expect(String(ran?.transcript)).toContain('I begin.');
    expect(booked.map(({ verb, status }) => status ?? verb)).toEqual(['start', 'settle', 'cancelled']);
  });

  it.each(['lease_lost', 'stop_asked', 'beats_missed', 'receipt_lost', 'database_away'] as const)(
    'because of %s is given up, and its money is counted',
    async (code) => {
      const { error, booked } = await stopped(new StoppedError(code));
      expect(error).toMatchObject({ code });
      expect(booked.map(({ verb }) => verb)).toEqual(['start', 'settle', 'finish']);
    },
  );

  it('is given up where its files cannot be read', async () => {
    const { error } = await stopped(
      new StoppedError('draining'),
      'do: rm -rf .git; touch "$HOME/started"; exec tail -f /dev/null',
    );
    expect(error).toMatchObject({ code: 'draining' });
  });

  it('has nothing in its files when it did nothing', async () => {
    const { ran } = await stopped(
      new StoppedError('draining'),
      'do: touch "$HOME/started"; exec tail -f /dev/null',
    );
    expect(ran?.result).toEqual({ kind: 'interrupted', patch: undefined });
  });

  it('is not begun when the stop came first', async () => {
    const { error, booked } = await house.run({ signal: AbortSignal.abort(new StoppedError('draining')) });
    expect(error).toMatchObject({ code: 'draining' });
    expect(booked).toEqual([]);
  });
});

describe('a run that goes on', () => {
  const rest = `${wait}\nthen: echo rest >> note.txt\nsay: done`;
  const interrupted = async () => {
    const stop = new AbortController();
    const seen = house.run({ text: rest, signal: stop.signal, agent: { graceMs: 300 } });
    await expect.poll(() => house.isIn('started'), { timeout: 10_000 }).toBe(true);
    stop.abort(new StoppedError('draining'));
    const { ran } = await seen;
    if (ran?.result.kind !== 'interrupted') throw new Error('it was not interrupted');
    return { session: sessionOf(ran), unfinished: { patch: ran.result.patch } };
  };

  it('has its files and its session again', async () => {
    const { session, unfinished } = await interrupted();
    const { ran } = await house.run({ text: rest, session, unfinished });
    expect(ran?.sessionId).toBe(session.sessionId);
    expect(patchOf(ran)).toContain('+hello\n+rest');
    expect(String(ran?.transcript)).toContain('was interrupted from outside and goes on now');
  });

  it('is told the task and what lies there when the session is lost', async () => {
    const { unfinished } = await interrupted();
    const { ran } = await house.run({ text: rest, unfinished });
    expect(patchOf(ran)).toContain('+hello\n+rest');
    expect(String(ran?.transcript)).toContain('This work was begun before and interrupted.');
  });

  it('begins anew, with a word in the log, when its files do not fit', async () => {
    const { session } = await interrupted();
    const patch = Buffer.from('--- a/none.txt\n+++ b/none.txt\n@@ -1 +1 @@\n-a\n+b\n');
    const text = `${write}\nsay: done`;
    const { ran, lines } = await house.run({ text, session, unfinished: { patch } });
    expect(ran?.sessionId).not.toBe(session.sessionId);
    expect(patchOf(ran)).toContain('+hello');
    expect(lines.map(({ message }) => message)).toContain('unfinished work does not apply: it begins anew');
  });
});

describe('a run that takes too much', () => {
  const wide = agentLimits();

  it.runIf(isRoot)('of the memory fails so, and may be tried again from the start', async () => {
    const hog = `"${process.execPath}" -e 'const all = Buffer.alloc(3e8, 1); setInterval(() => all.at(0), 1e5)'`;
    const limits = { ...wide, memoryBytes: 200 * 1024 * 1024 };
    const { ran, booked } = await house.run({ text: `do: setsid ${hog}`, agent: { limits } });
    expect(ran?.result).toEqual({
      kind: 'failed',
      failure: 'out_of_memory',
      detail: expect.stringContaining('200 MB'),
    });
    expect(booked.at(-1)).toMatchObject({ status: 'failed' });
  });

  it('of the disk fails so, and the next finds its folder clean', async () => {
    const job = house.aJob('do: head -c 5000000 /dev/zero > big.bin; exec tail -f /dev/null');
    const limits = { ...wide, freeDiskBytes: Number.MAX_SAFE_INTEGER };
    const { ran } = await house.run({ job, agent: { limits } });
    expect(ran?.result).toMatchObject({ kind: 'failed', failure: 'disk_full' });
    const again = house.aJob('do: ls -a > seen.txt\nsay: seen');
    const next = await house.run({
      job: { ...again, task: { ...again.task, threadKey: job.task.threadKey } },
    });
    expect(patchOf(next.ran)).toContain('seen.txt');
    expect(patchOf(next.ran)).not.toContain('big.bin');
  });
});

describe('the money of a run', () => {
  it('is noted while it goes on, one note at a time, and settled at the end', async () => {
    const model = await house.aModel(({ steps }) =>
      steps.length < 3
        ? { tools: [{ name: 'Bash', input: { command: `echo ${steps.length}`, description: 'count' } }] }
        : { text: 'counted' },
    );
    let open = 0;
    let mostOpen = 0;
    const notes: number[] = [];
    const note = async ({ usd }: { usd: number }) => {
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      await new Promise((resolve) => setTimeout(resolve, 300)); // longer than a turn
      open -= 1;
      notes.push(usd);
      if (notes.length === 1) throw new Error('Postgres is away');
    };
    const { ran, booked, lines } = await house.run({ text: 'count', agent: model.agent, books: { note } });
    const total = ran?.report.usage.costUsd;
    expect(total).toBeGreaterThan(0);
    expect(notes.length).toBeGreaterThan(1);
    expect(mostOpen).toBe(1);
    expect(notes).toEqual([...notes].sort((a, b) => a - b));
    expect(notes.at(-1)).toBe(total);
    expect(booked.find(({ verb }) => verb === 'settle')).toMatchObject({ usd: total });
    expect(lines.filter(({ message }) => message === 'spend not noted')).toHaveLength(1);
  });
});

const sessionOf = (ran: Ran | undefined) => {
  if (!ran?.transcript) throw new Error('there is no transcript');
  return { sessionId: ran.sessionId, transcript: ran.transcript };
};

const patchOf = (ran: Ran | undefined): string =>
  ran?.result.kind === 'patch' || ran?.result.kind === 'interrupted' ? String(ran.result.patch) : '';

const cwdOf = (ran: Ran | undefined): unknown => JSON.parse(String(ran?.transcript).split('\n')[0]!).cwd;
