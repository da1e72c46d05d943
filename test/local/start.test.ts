import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres } from '#local/postgres.ts';
import { operate } from '#test/support/operator.ts';

const main = fileURLToPath(new URL('../../local/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

type Line = { kind: string } & Record<string, unknown>;

describe('npm start', () => {
  let state: string;
  let started: ChildProcess[];
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'agent-bot-start-'));
    chmodSync(state, 0o755); // else the house needs a second folder that other uids can enter
    started = [];
  });
  afterEach(() => {
    for (const child of started) child.kill('SIGKILL');
    rmSync(state, { recursive: true, force: true });
  });

  const start = (...args: string[]) => startWith({}, ...args);
  const startWith = (extra: Record<string, string>, ...args: string[]) => {
    const child = spawn(process.execPath, [main, '--json', '--state', state, ...args], {
      cwd: root,
      env: { PATH: process.env['PATH'], ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    const lines: Line[] = [];
    const waiting = new Set<() => void>();
    createInterface({ input: child.stdout }).on('line', (text) => {
      lines.push(JSON.parse(text));
      for (const look of waiting) look();
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += String(data);
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, lines, stderr }));
    const said = (kind: string, what = '') =>
      new Promise<Line>((resolve, reject) => {
        const look = () => {
          const line = lines.find((one) => one.kind === kind && String(one['what'] ?? '').includes(what));
          if (line) resolve(line);
        };
        waiting.add(look);
        look();
        void ended.then(({ code }) =>
          reject(new Error(`it ended with ${code}: ${JSON.stringify(lines.at(-1))} ${stderr}`)),
        );
      });
    return { child, ended, said };
  };
  const childrenOf = (): number[] =>
    JSON.parse(readFileSync(join(state, 'house.json'), 'utf8')).children.map(
      ({ pid }: { pid: number }) => pid,
    );
  const isThere = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it(
    'refuses a second house in its folder, cleans up after a killed one, and leaves nothing after Ctrl-C',
    { timeout: 240_000 }, // three starts, maybe on a busy machine
    async () => {
      const first = start();
      expect(await first.said('end')).toMatchObject({ isGood: true });

      const second = await start('--once').ended;
      expect(second.code).toBe(1);
      expect(second.lines).toEqual([
        { kind: 'problem', text: expect.stringContaining(`process ${first.child.pid}`) },
      ]);
      expect(second.lines[0]!['text']).toContain('--state');

      const left = childrenOf();
      first.child.kill('SIGKILL');
      await first.ended;
      expect(left.some(isThere)).toBe(true);

      const third = start();
      expect(await third.said('end')).toMatchObject({ isGood: true });
      expect(left.some(isThere)).toBe(false);
      const listed = await operate(['tasks', '--all', '--json', '--state', state]);
      expect(JSON.parse(listed.stdout)).toMatchObject({ tasks: [{ status: 'succeeded' }] });

      const own = childrenOf();
      third.child.kill('SIGINT');
      expect((await third.ended).code).toBe(0);
      expect(own.some(isThere)).toBe(false);
      expect(existsSync(join(state, 'house.json'))).toBe(false);
    },
  );

  it('leaves nothing after a Ctrl-C in the middle of the request', { timeout: 120_000 }, async () => {
    const house = start();
    await house.said('step', 'a worker starts');
    const own = childrenOf();
    expect(own.length).toBeGreaterThan(1); // Postgres and the worker

    house.child.kill('SIGINT');

    const { code, lines } = await house.ended;
    expect(lines.filter(({ kind }) => kind === 'problem')).toEqual([]);
    expect(code).toBe(130);
    expect(own.some(isThere)).toBe(false);
  });

  it('ends with 1 and says why when no task comes of the comment', { timeout: 120_000 }, async () => {
    const { code, lines } = await start('--once', '--comment', 'nobody is called').ended;

    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({
      kind: 'end',
      isGood: false,
      text: 'no task was made of it: no_mention',
    });
    // nothing of the start is told as part of the request
    expect(lines.filter(({ kind }) => kind === 'step').map(({ what }) => what)).toEqual([
      'webhook issue_comment.created → 202',
    ]);
  });

  it('uses the Postgres of DATABASE_URL, and leaves it as it was', { timeout: 120_000 }, async () => {
    const server = await startPostgres({ stateDir: join(state, 'elsewhere'), durable: false });
    try {
      const { user, password } = server.master;
      const url = `postgres://${user}:${password}@${server.host}:${server.port}/${server.database}`;
      const databases = async () => {
        const client = new Client({ connectionString: url });
        await client.connect();
        const { rows } = await client.query(
          'select datname as name from pg_database union all select rolname from pg_roles order by 1',
        );
        await client.end();
        return rows;
      };
      const before = await databases();

      const { code, lines } = await startWith({ DATABASE_URL: url }, '--once').ended;

      expect(lines.at(-1)).toMatchObject({
        kind: 'end',
        isGood: true,
        pullRequest: expect.stringMatching(/\/pull\/\d+$/),
        diff: expect.stringContaining('+  return price + tax;'),
      });
      expect(code).toBe(0);
      expect(lines.find(({ name }) => name === 'Postgres')).toMatchObject({
        address: `${server.host}:${server.port}`,
      });
      expect(await databases()).toEqual(before);
    } finally {
      await server.close();
    }
  });

  it.each([
    [['--model', 'real'], 'ANTHROPIC_API_KEY'],
    [['--model', 'none'], '--model is "scripted" or "real"'],
  ])('refuses %j in one clear line', async (args, text) => {
    const { code, lines, stderr } = await start(...args).ended;

    expect(code).toBe(2);
    expect(lines).toEqual([]);
    expect(stderr).toContain(text);
  });
});
