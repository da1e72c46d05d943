import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy } from '#core/policy.ts';
import { hostsOf, registries } from '#core/registries.ts';
import { publish } from '#local/registry/npm-package.ts';
import { guard, hasLoopback } from '#test/support/agent.ts';
import type { AgentHouse } from '#test/support/agent-house.ts';
import { startAgentHouse } from '#test/support/agent-house.ts';
import { startRegistryBench } from '#test/support/registry-proxy.ts';
import { assertNothingLeft } from '#test/support/worker-looks.ts';
import { StoppedError } from '#worker/lease/stopped.ts';
import type { NetworkConfig, RunPolicy } from '#worker/run/doors.ts';
import { agentLimits } from '#worker/sandbox/agent-limits.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';

let house: AgentHouse;
let bench: Awaited<ReturnType<typeof startRegistryBench>>;
beforeAll(async () => {
  house = await startAgentHouse();
});
beforeEach(async () => {
  bench = await startRegistryBench();
});
afterEach(async () => {
  await bench.close();
  await assertNothingLeft(house);
});
afterAll(() => house.close());

type Setup = Partial<Omit<Parameters<AgentHouse['run']>[0] & object, 'policy'>> & {
  network?: RunPolicy['network'];
  operator?: Partial<NetworkConfig>;
};

/** These commands, then the agent with these lines. */
const run = (setup: (string | RunPolicy['setup'][number])[], text: string, more: Setup = {}) => {
  const { network = { mode: 'setup' }, operator, agent, ...rest } = more;
  const commands = setup.map((run) => (typeof run === 'string' ? { run, minutes: 1 } : run));
  const door: NetworkConfig = { setupRegistries: ['npm'], openHosts: [], dial: bench.dial, ...operator };
  return house.run({
    text,
    policy: { ...defaultPolicy, network, setup: commands },
    agent: { network: door, ...agent },
    ...rest,
  });
};
type Seen = Awaited<ReturnType<typeof run>>;
const patchOf = ({ ran }: Seen) => (ran?.result.kind === 'patch' ? String(ran.result.patch) : '');
const answerOf = ({ ran }: Seen) => ran?.report.answer;
const failureOf = ({ ran }: Seen) => ran?.report.setupFailure;
const promptOf = ({ ran }: Seen) => String(ran?.transcript);

/** What the fake CLI writes into a file, because nobody sees its output. */
const tell = (script: string) => `do: { ${script}; } > told.txt 2>&1\nsay: done`;
const told = (seen: Seen) =>
  patchOf(seen)
    .split('\n')
    .filter((line) => line.startsWith('+') && !line.startsWith('+++'))
    .map((line) => line.slice(1));

const ask = (url: string) =>
  `node -e 'fetch(${url}).then((a) => console.log(a.status), () => console.log("nothing"))'`;
const npmTool = 'process.env.npm_config_registry + "tool"';

describe('the setup of a repository', () => {
  it.runIf(!guard() || hasLoopback())(
    'reads from a registry, and what it installs is there for the agent but not part of the change',
    async () => {
      await publish(bench.twin, { name: 'left', version: '1.2.3', files: { 'index.js': '//left\n' } });
      const install = 'npm install --no-save --no-package-lock left@1.2.3';
      const seen = await run(
        ['echo node_modules >> .git/info/exclude', install],
        tell('cat node_modules/left/index.js'),
      );
      expect(failureOf(seen)).toBeUndefined();
      expect(told(seen)).toEqual(['//left']);
      expect(promptOf(seen)).toContain('The setup commands of this repository have been run');
    },
    60_000,
  );

  it('sees nothing of the supervisor’s environment', async () => {
    const seen = await run(['env | cut -d= -f1 | sort > .git/env'], tell('cat .git/env'));
    expect(
      told(seen).filter((name) => !/^(?:npm_config|YARN|PIP|UV|CARGO|GO|BUNDLE|MAVEN)_?/.test(name)),
    ).toEqual(['CI', 'GIT_TERMINAL_PROMPT', 'HOME', 'LANG', 'PATH', 'PWD', 'TMPDIR']);
  });

  it('leaves the files as they were: what it changed, added or committed is undone, also behind git’s back', async () => {
    const seen = await run(
      [
        'echo changed >> package.json; echo added > added.txt; git init -q nested',
        'git rm -q --cached package.json; git -c user.name=x -c user.email=x commit -qm x; git checkout -qb other',
        'for file in $(git ls-files); do git update-index --skip-worktree "$file"; echo more >> "$file"; done',
        'touch .git/index.lock',
      ],
      tell('git status --porcelain --branch'),
    );
    expect(failureOf(seen)).toBeUndefined();
    expect(told(seen)).toEqual(['## main', '?? told.txt']);
  });

  it('keeps what git ignores and what package managers keep for the repository', async () => {
    const seen = await run(
      ['echo kept > .git/info/x; mkdir -p "$CARGO_HOME"; echo crate > "$CARGO_HOME/crate"'],
      tell('cat .git/info/x "$CARGO_HOME/crate"'),
    );
    expect(told(seen)).toEqual(['kept', 'crate']);
  });

  it('leaves nothing else: HOME and TMPDIR are new', async () => {
    const seen = await run(
      [
        'mkdir "$HOME/.claude" "$HOME/locked"; echo x > "$HOME/.gitconfig"; echo x > "$TMPDIR/x"',
        'echo x > "$HOME/../beside"; chmod 0 "$HOME/locked"',
      ],
      tell('ls -A "$HOME/.." "$TMPDIR"; ls -A "$HOME" | grep -v "^.claude$"; ls -A "$HOME/.claude"'),
    );
    const words = told(seen).map((line) => line.replace(/^\/.*\//, ''));
    expect(words.toSorted()).toEqual(['', '..:', 'home', 'packages', 'projects', 'tmp', 'tmp:', 'work']);
  });

  it('is thrown away and made up for where it leaves no repository', async () => {
    const seen = await run(['rm -rf .git; ln -s / .git'], tell('ls'));
    expect(failureOf(seen)?.what).toContain('git cannot read');
    expect(told(seen)).toContain('package.json');
  });

  it.each([
    ['fails', 'echo broken; exit 3', 'it ended with 3'],
    ['is killed', 'echo broken; kill -9 $$', 'it was killed'],
  ])(
    'ends with the first command that %s, and the agent and the person are told',
    async (_, command, what) => {
      const seen = await run([command, 'touch .git/second'], tell('ls .git'));
      expect(failureOf(seen)).toEqual({ command, what, output: 'broken' });
      expect(told(seen)).not.toContain('second');
      expect(promptOf(seen)).toContain('A setup command of this repository failed');
      expect(promptOf(seen)).toContain('broken');
    },
  );

  it('has the time that the policy gives it', async () => {
    const seen = await run([{ run: 'exec tail -f /dev/null', minutes: 0.005 }], 'say: done');
    expect(failureOf(seen)?.what).toContain('it was not done after');
    expect(answerOf(seen)).toBe('done');
  });

  it('keeps the end of what it said, whatever it is', async () => {
    const seen = await run(['seq 100000; printf "\\033[31mred\\n"; exit 1'], 'say: done');
    expect(failureOf(seen)?.output).toMatch(/99999\n100000\n\\u\{1b\}\[31mred$/);
    expect(failureOf(seen)?.output.length).toBeLessThan(5000);
  });

  it('is ended where it takes too much of the disk', async () => {
    const limits = { ...agentLimits(), freeDiskBytes: Number.MAX_SAFE_INTEGER };
    const seen = await run(['exec tail -f /dev/null'], 'say: done', { agent: { limits } });
    expect(failureOf(seen)?.what).toContain('were left on the disk');
  });

  it('is ended with the job, and the agent does not begin', async () => {
    const stop = new AbortController();
    const seen = run(['touch "$HOME/started"; exec tail -f /dev/null'], 'say: done', { signal: stop.signal });
    await expect.poll(() => house.isIn('started'), { timeout: 10_000 }).toBe(true);
    stop.abort(new StoppedError('stop_asked'));
    expect(await seen).toMatchObject({ error: { code: 'stop_asked' }, booked: [] });
  });

  it('comes before the work that an interrupted run left', async () => {
    const { ran } = await house.run({ text: 'do: echo begun > begun.txt\nsay: x' });
    const patch = ran?.result.kind === 'patch' ? ran.result.patch : undefined;
    const seen = await run(['ls > .git/seen'], 'then: cat .git/seen >> begun.txt\nsay: done', {
      unfinished: { patch },
    });
    expect(told(seen)).toContain('begun');
    expect(told(seen)).not.toContain('begun.txt');
  });
});

describe.runIf(!guard() || hasLoopback())('the door to the registries', () => {
  const hold = () => bench.twin.hold('https://registry.npmjs.org/tool', { type: 'text/plain', body: 'held' });

  it('is closed when the agent begins, for whoever kept its address', async () => {
    hold();
    const keep = 'echo "$npm_config_registry" > .git/door';
    const seen = await run(
      [`${keep}; ${ask(npmTool)} > .git/before`],
      tell(
        `cat .git/before; ${ask('require("fs").readFileSync(".git/door", "utf8").trim() + "tool"')}; env | grep -v ANTHROPIC_API_KEY`,
      ),
    );
    expect(told(seen).slice(0, 2)).toEqual(['200', 'nothing']);
    expect(told(seen).filter((line) => /^npm_config_registry=|:\/\/127\.0\.0\.1/.test(line))).toEqual([]);
    expect(told(seen)).toContain('npm_config_offline=true');
  });

  it('is not there where the policy says none', async () => {
    const seen = await run([`${ask(npmTool)} > .git/said`], tell('cat .git/said'), {
      network: { mode: 'none' },
    });
    expect(told(seen)).toEqual(['nothing']);
    expect(bench.twin.asked).toEqual([]);
  });

  it('leads only where operator and policy both let it', async () => {
    hold();
    const hosts = (...hosts: string[]) => ({ mode: 'allowlist', hosts }) as const;
    const said = async (network: RunPolicy['network'], operator: Partial<NetworkConfig>) =>
      told(
        await run([`${ask(npmTool)} > .git/said`], tell(`cat .git/said; ${ask(npmTool)}`), {
          network,
          operator,
        }),
      );
    expect(await said(hosts('registry.npmjs.org'), {})).toEqual(['200', 'nothing']);
    expect(await said(hosts('registry.npmjs.org'), { openHosts: ['registry.npmjs.org'] })).toEqual([
      '200',
      '200',
    ]);
    expect(await said(hosts('pypi.org'), { openHosts: ['registry.npmjs.org'] })).toEqual([
      'nothing',
      'nothing',
    ]);
    expect(await said({ mode: 'setup' }, { openHosts: ['registry.npmjs.org'] })).toEqual(['200', 'nothing']);
    expect(await said({ mode: 'setup' }, { setupRegistries: ['pypi'] })).toEqual(['nothing', 'nothing']);
  }, 60_000);

  it('is told to the agent where it stays open', async () => {
    const seen = await run([], 'say: done', {
      network: { mode: 'allowlist', hosts: ['docs.example.com', ...hostsOf(registries.crates)] },
      operator: { openHosts: ['docs.example.com', ...hostsOf(registries.crates)] },
    });
    expect(promptOf(seen)).toContain('NAME/PATH reads from crates, docs.example.com.');
  });
});

/** Where a machine cannot give it loopback, the guard ends nothing by itself. */
const withoutLoopback = (): Setup => {
  const user: AgentUser = house.user.kind === 'same' ? house.user : { ...house.user, network: 'unix' };
  return { agent: { leaseUser: () => Promise.resolve({ user, giveBack: () => Promise.resolve() }) } };
};

describe.runIf(guard())('what the setup left running', () => {
  it('was as confined as the agent', async () => {
    const seen = await run(
      ['grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status > .git/status'],
      tell('cat .git/status'),
    );
    const { uid } = house.user as Extract<AgentHouse['user'], { kind: 'separate' }>; // root has one of its own
    expect(told(seen).map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['Uid:', String(uid)],
      ['CapEff:', '0000000000000000'],
      ['CapBnd:', '0000000000000000'],
      ['NoNewPrivs:', '1'],
      ['Seccomp:', '2'],
    ]);
  });

  it('is gone before the agent begins, and an abstract socket finds nobody', async () => {
    const daemon = `require("net").createServer((s) => s.end("door")).listen("\\0left-behind")`;
    const start = `setsid node -e '${daemon}' </dev/null >/dev/null 2>&1 &`;
    const call = `node -e 'require("net").connect("\\0left-behind").on("data", (d) => console.log("reached", String(d))).on("error", (e) => console.log(e.code))'`;
    const wait = `until ${call} | grep -q reached; do :; done; echo yes > .git/lived`;
    const seen = await run([`${start} ${wait}`], tell(`cat .git/lived; ${call}`), withoutLoopback());
    expect(told(seen)).toEqual(['yes', 'ECONNREFUSED']);
  });

  it('is gone before its traces are, so it leaves no new ones', async () => {
    const loop = 'setsid sh -c "while :; do echo x > added.txt; done" </dev/null >/dev/null 2>&1 &';
    const seen = await run(
      [`${loop} until [ -e added.txt ]; do :; done`],
      tell('git status --porcelain'),
      withoutLoopback(),
    );
    expect(told(seen)).toEqual(['?? told.txt']);
  });

  it('is gone too where git itself would start it', async () => {
    const plant =
      'setsid sh -c "touch \\"$HOME/../work/.git/ran\\"; exec tail -f /dev/null" </dev/null >/dev/null 2>&1 & cat';
    const seen = await run(
      [
        `printf '%s\\n' '${plant}' > .git/plant; git config filter.x.smudge "sh '$PWD/.git/plant'"`,
        'echo "* filter=x" > .git/info/attributes; sh .git/plant </dev/null; rm -f .git/ran; echo x >> package.json',
      ],
      tell('ls .git/ran; ps -u "$(id -u)" -o stat=,comm= | grep -c "^[^Z].*tail"'),
      withoutLoopback(),
    );
    expect(told(seen)).toEqual(['.git/ran', '0']);
  });
});
