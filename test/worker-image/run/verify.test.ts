import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AgentFolders } from '#test/support/agent.ts';
import { agentFolders, anAgentUser, isRoot } from '#test/support/agent.ts';
import { agentPath } from '#worker/claude/claude.ts';
import type { VerifyInput } from '#worker/run/verify.ts';
import { verify } from '#worker/run/verify.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { runAsAgent, spawnAsAgent } from '#worker/sandbox/agent-user.ts';

let user: AgentUser;
let folders: AgentFolders;
let root: string;
beforeEach(async () => {
  user = anAgentUser();
  folders = agentFolders(user);
  root = join(folders.root, 'run');
  await mkdir(root, { mode: 0o700 });
  folders.own(root);
  await as('mkdir "$ROOT/home" "$ROOT/work"');
  return folders.remove;
});

/** What the agent does in its folders. */
const as = async (script: string) => {
  const { code, stdout, stderr } = await runAsAgent(user, {
    command: 'sh',
    args: ['-ec', script],
    cwd: root,
    env: { PATH: agentPath(process.execPath), ROOT: root },
    maxBytes: 65_536,
    deadlineMs: 20_000,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout.toString();
};

const check = async (
  commands: (string | { run: string; minutes: number })[],
  changes: Partial<VerifyInput> = {},
) =>
  await verify({
    user,
    workspace: { home: join(root, 'home'), repository: join(root, 'work') },
    commands: commands.map((run) => (typeof run === 'string' ? { run, minutes: 1 } : run)),
    path: agentPath(process.execPath),
    signal: new AbortController().signal,
    ...changes,
  });

describe('the commands of the policy', () => {
  it('are run in the repository, one after the other, each to its own end', async () => {
    expect(
      await check(['echo one > seen', 'grep -q two seen', 'test "$(cat seen)" = one && node --version']),
    ).toEqual([
      { command: 'echo one > seen', status: 'passed', durationMs: expect.any(Number), tail: '' },
      { command: 'grep -q two seen', status: 'failed', durationMs: expect.any(Number), tail: '' },
      {
        command: 'test "$(cat seen)" = one && node --version',
        status: 'passed',
        durationMs: expect.any(Number),
        tail: '',
      },
    ]);
  });

  it('say why they failed, in the last 4 KiB of both outputs, with nothing that cannot be seen', async () => {
    const [failed] = await check([
      `seq 1 20000; printf '\\033[31mred\\033[0m \\342\\200\\256 out\\n'; echo err >&2; exit 3`,
    ]);
    expect(failed?.status).toBe('failed');
    expect(Buffer.byteLength(failed?.tail ?? '')).toBeLessThanOrEqual(4096);
    expect(failed?.tail).toMatch(/\n20000\nred \\u\{202e\} out\nerr$/);
  });

  it('see a HOME and a folder for temporary files that nobody has written in', async () => {
    await as('echo "prefix=/evil" > "$ROOT/home/.npmrc"');
    const [first, second] = await check([
      'test -z "$(ls -A "$HOME" "$TMPDIR" | grep -v :)" && touch "$HOME/.npmrc"',
      'test -z "$(ls -A "$HOME")" && test "$CI" = true',
    ]);
    expect([first?.status, second?.status]).toEqual(['passed', 'passed']);
  });

  it('that do not end are ended', async () => {
    const [slow] = await check([{ run: 'echo begun; tail -f /dev/null', minutes: 0.005 }]);
    expect(slow).toMatchObject({ status: 'timed_out', tail: 'begun' });
  });

  it('have a time for all together', async () => {
    const ended = await check(['tail -f /dev/null', 'true'], { deadlineMs: 300 });
    expect(ended.map(({ status }) => status)).toEqual(['timed_out', 'not_run']);
  });

  it('are left out when the job is stopped', async () => {
    const stop = new AbortController();
    const checking = check(['touch begun; tail -f /dev/null', 'true'], { signal: stop.signal });
    await expect.poll(() => readdir(join(root, 'work')), { timeout: 10_000 }).toContain('begun');
    stop.abort();
    expect((await checking).map(({ status }) => status)).toEqual(['not_run', 'not_run']);
    expect((await check(['true'], { signal: stop.signal }))[0]?.status).toBe('not_run');
  });
});

describe.runIf(isRoot)('with a uid of its own', () => {
  /** Lives on after whoever started it, and notes that it does. */
  const daemon =
    'setsid sh -c \'while :; do date +%s%N > "$ROOT/pulse"; sleep 0.01; done\' >/dev/null 2>&1 &';

  it('what the agent left running is ended before the first of them', async () => {
    const child = spawnAsAgent(user, {
      command: 'sh',
      args: ['-c', daemon],
      cwd: root,
      env: { PATH: agentPath(process.execPath), ROOT: root },
    });
    child.stdin.end();
    await expect.poll(() => readdir(root), { timeout: 10_000 }).toContain('pulse');
    const stands = 'a=$(cat ../pulse); sleep 0.2; test "$a" = "$(cat ../pulse)"';
    expect((await check([stands]))[0]?.status).toBe('passed');
  });

  it('what one of them left running is ended before the next, and after the last', async () => {
    const start = `export ROOT=..; ${daemon} while ! test -e ../pulse; do sleep 0.01; done`;
    const stands = 'a=$(cat ../pulse); sleep 0.2; test "$a" = "$(cat ../pulse)"';
    const checks = await check([start, stands, start]);
    expect(checks.map(({ status }) => status)).toEqual(['passed', 'passed', 'passed']);
    expect(
      await as('a=$(cat "$ROOT/pulse"); sleep 0.2; test "$a" = "$(cat "$ROOT/pulse")" && echo still'),
    ).toBe('still\n');
  });
});
