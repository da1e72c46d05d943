// Builds the image with plain docker and looks into it as it runs in production: `npm run image:test`.
// Read from the environment: WORKER_BASE_IMAGE (the base; its name in the Dockerfile otherwise), DOCKER_BUILD_FLAGS.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { aliveScript, loopbackScript, outsideScript, rightClaude } from './test-image-scripts.ts';

/** Docker's default capabilities that the task definition drops (infra/worker.ts; a test compares the two). */
export const droppedCapabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SYS_CHROOT',
];
/** And the one that it adds. */
export const addedCapabilities = ['SYS_PTRACE'];
export const agentEnvironment = {
  AGENT_UID_FIRST: '20001',
  AGENT_UID_COUNT: '1000',
  GUARD_BINARY: '/opt/agent-bot/guard',
};
const agentUid = Number(agentEnvironment.AGENT_UID_FIRST);

const root = join(import.meta.dirname, '..');
const image = 'agent-bot-worker:test';
const production = [
  '--read-only',
  '--network=none',
  '--sysctl=net.ipv6.conf.all.disable_ipv6=0', // else Docker leaves ::1 out
  ...droppedCapabilities.map((name) => `--cap-drop=${name}`),
  ...addedCapabilities.map((name) => `--cap-add=${name}`),
];

/** What the task definition and the launch give, with nobody at the other end of any of it. */
const environment = {
  WORKER_ID: '00000000-0000-4000-8000-000000000001',
  LANE_ORDER: 'normal,high,low',
  HIGH_QUEUE_URL: 'http://127.0.0.1:9/0/tasks-high.fifo',
  DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:9/0/dead-letters.fifo',
  NORMAL_QUEUE_URL: 'http://127.0.0.1:9/0/tasks-normal.fifo',
  LOW_QUEUE_URL: 'http://127.0.0.1:9/0/tasks-low.fifo',
  DATABASE_HOST: '127.0.0.1',
  DATABASE_PORT: '9',
  DATABASE_NAME: 'agent_bot',
  DATABASE_USER: 'agent_bot',
  DATABASE_AUTH: 'password',
  DATABASE_PASSWORD: 'canary-7c1f',
  BUCKET: 'tasks',
  GITHUB_APP_SECRET_ID: 'github-app',
  GITHUB_API_URL: 'http://127.0.0.1:9',
  GITHUB_URL: 'http://127.0.0.1:9',
  MODEL_SECRET_ID: 'model',
  MODEL_BASE_URL: 'http://127.0.0.1:9',
  MODEL: 'claude-opus-5-5',
  MAX_TURNS: '50',
  BUDGET_USD: '5',
  THREAD_DAY_USD: '20',
  USER_DAY_USD: '50',
  INSTALLATION_MONTH_USD: '500',
  MONTH_USD: '1000',
  IDLE_SECONDS: '5',
  STATE_DIR: '/var/lib/agent-bot',
  RUNS_DIR: '/runs',
  ...agentEnvironment,
  CLAUDE_BINARY: '/opt/agent-bot/claude',
  AWS_REGION: 'eu-central-1',
};

type Ended = { code: number | null; output: string };

const checks: { [says: string]: () => void } = {
  'the worker refuses to start without an environment, in one line that names what is missing': () => {
    const { code, output } = run([], []);
    const named = lines(output).filter(
      (line) => line.includes('WORKER_ID') && line.includes('CLAUDE_BINARY'),
    );
    expect(code === 78 && named.length === 1 && lines(output).length === 1, { code, output });
  },
  'the worker refuses to start with another version of the CLI, and says which it needs': () => {
    const { code, output } = startWith("#!/bin/sh\necho '2.1.197 (Claude Code)'");
    expect(code === 78 && output.includes('2.1.330') && output.includes('2.1.197'), { code, output });
  },
  'with the right one it gets as far as Postgres, which is not there': () => {
    const { code, output } = startWith(rightClaude);
    expect(code !== 0 && code !== 78 && output.includes('ECONNREFUSED'), { code, output });
  },
  'the CLI is 2.1.330 and runs as the agent': () => asAgent('/opt/agent-bot/claude --version', /^2\.1\.330 /),
  'Node is 24': () => shell('node --version', /^v24\./),
  'git is there': () => asAgent('git --version', /^git version 2\./),
  'certificates are there': () => shell('test -s /etc/ssl/certs/ca-certificates.crt && echo yes', /^yes$/),
  'it starts the worker under tini, which reaps orphans': () => {
    const ended = docker([
      'image',
      'inspect',
      '--format={{json .Config.Entrypoint}} {{json .Config.User}}',
      image,
    ]);
    expect(ended.output.trim() === '["tini","--","node","/opt/agent-bot/main.mjs"] ""', ended);
  },
  'the agent has no capability and cannot gain one': () =>
    asAgent(
      "grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs)' /proc/self/status",
      /^(Cap\w+:\s0+\n){3}NoNewPrivs:\s1$/,
    ),
  'the guard can keep the agent to TCP among its own processes': () =>
    shell(`${guard} --probe`, /^\{"network":"loopback","isAlone":false\}$/),
  'without SYS_PTRACE it says so, and the worker starts with Unix sockets alone': () => {
    const ended = startWith(rightClaude, 'sys_ptrace');
    expect(ended.code !== 78 && /no loopback network here.*CAP_SYS_PTRACE/.test(ended.output), ended);
  },
  'without SETUID the worker refuses to start, in one clear line': () => {
    const { code, output } = startWith(rightClaude, 'setuid');
    const said = lines(output).filter((line) => line.includes('cannot be kept in on this machine'));
    expect(code === 78 && said.length === 1 && /CAP_SETUID/.test(output), { code, output });
  },
  'the agent serves and fetches on loopback, by IPv4 and IPv6': () =>
    asAgent(`node -e ${quote(loopbackScript)}`, /^v4 hello\nv6 hello$/),
  'the agent reaches nothing else': () =>
    asAgent(`node -e ${quote(outsideScript)}`, /^ENETUNREACH\nENETUNREACH\nEAFNOSUPPORT\nEAI_AGAIN$/),
  'in the supervisor’s hands it has no network at all': () =>
    shell(
      `exec ${guard} --net none -- ${clean} node -e ${quote(outsideScript)}`,
      /^EAFNOSUPPORT\nEAFNOSUPPORT\nEAFNOSUPPORT\nEAI_AGAIN$/,
    ),
  'the agent makes no namespace': () => asAgent('unshare -Urn true 2>&1', /Operation not permitted/, 1),
  'nothing of the agent outlives its end': () =>
    shell(
      `${guard} --net none -- ${clean} sh -c 'setsid sleep 100 & exec sleep 100' & sleep 1; ${guard} --kill; ${aliveScript(agentUid)}`,
      /^$/,
    ),
  'the agent finds nothing of the supervisor: not its environment, not its files': () => {
    shell('tr "\\0" "\\n" </proc/1/environ | grep -c canary-7c1f', /^1$/); // it is there to be found
    asAgent(
      'cat /proc/1/environ 2>&1; ls /var/lib/agent-bot 2>&1; env',
      /^(?=[^]*environ: Permission denied)(?=[^]*agent-bot'?: Permission denied)(?![^]*canary)/,
    );
  },
  'what is not a volume cannot be written, even by root': () =>
    shell(
      'for d in / /etc /opt/agent-bot /usr/bin /root /var/tmp; do touch $d/x 2>&1; done; true',
      /^(.*Read-only file system\n?){6}$/,
    ),
  'the supervisor can write its state, the agent only what is made for it, and /tmp': () => {
    shell('echo a >/var/lib/agent-bot/a && cat /var/lib/agent-bot/a', /^a$/);
    asAgent('echo b >/tmp/b && cat /tmp/b', /^b$/);
    asAgent('touch /runs/b 2>&1', /Permission denied/, 1);
    asAgent('touch /var/lib/agent-bot/b 2>&1', /Permission denied/, 1);
  },
  'the worker makes the folder of a run and removes it, with the rights that it has': () => {
    const ended = run(
      ['--interactive', '--entrypoint=tini'],
      ['--', 'node', '--input-type=module'],
      makeAndRemove(),
    );
    expect(ended.code === 0 && /^0 711, 20001 700, 0 left$/.test(ended.output.trim()), ended);
  },
  'no file is setuid or setgid': () => look('find / -xdev -type f -perm /6000', /^$/),
  'no Unix socket is there for the agent to connect to': () =>
    look('find / -xdev -type s; grep -c / /proc/net/unix || true', /^0$/),
  'the image holds the bundle and the CLI, and no package but npm itself': () => {
    const texts = readdirSync(join(import.meta.dirname, 'claude')).filter((name) => name.endsWith('.md'));
    look('ls /opt/agent-bot', new RegExp(`^${['claude', 'guard', 'main.mjs', ...texts].sort().join('\n')}$`));
    look('find / -xdev -name node_modules -prune', /^\/usr\/local\/lib\/node_modules$/);
    look('ls /usr/local/lib/node_modules', /^(corepack\n)?npm$/);
  },
  'no build secret and no cache is left': () =>
    look(
      'ls -A /root/.npmrc /root/.npm /root/.cache /run/secrets /var/lib/apt/lists 2>/dev/null || true',
      /^\/var\/lib\/apt\/lists:$/,
    ),
};

const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');

const guard = `/opt/agent-bot/guard --uid ${agentUid} --gid ${agentUid}`;
const clean = 'env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp';

/** As the supervisor sees it: root, under the production flags and with the production environment. */
const shell = (script: string, wanted: RegExp, code = 0) => {
  const flags = Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`);
  const ended = run([...flags, '--entrypoint=tini'], ['--', 'sh', '-c', script]);
  expect(ended.code === code && wanted.test(ended.output.trim()), ended);
};

const asAgent = (script: string, wanted: RegExp, code = 0) =>
  shell(`exec ${guard} --net loopback -- ${clean} sh -c ${quote(script)}`, wanted, code);

/** For questions about the image's files: root with all that Docker gives, so that nothing hides. */
const look = (script: string, wanted: RegExp) => {
  const ended = docker(['run', '--rm', '--network=none', '--entrypoint=sh', image, '-c', script]);
  expect(ended.code === 0 && wanted.test(ended.output.trim()), ended);
};

const quote = (script: string) => `'${script.replaceAll("'", `'\\''`)}'`;

/** The worker's own start with everything in place, but with this CLI, and perhaps without a capability. */
const startWith = (claude: string, lacking?: string): Ended => {
  const given = Object.entries({ ...environment, CLAUDE_BINARY: '/tmp/claude' });
  const flags = given.map(([name, value]) => `--env=${name}=${value}`);
  const rights = lacking ? `setpriv --bounding-set=-${lacking} -- ` : '';
  const script = `printf '%s\\n' ${quote(claude)} >/tmp/claude && chmod 755 /tmp/claude && exec ${rights}node /opt/agent-bot/main.mjs`;
  return run([...flags, '--entrypoint=sh'], ['-c', script]);
};

/** The worker's own code for it, called alone. */
const makeAndRemove = () => {
  const contents = `
    import { readdirSync, statSync } from 'node:fs';
    import { createWorkspace } from './worker-image/sandbox/workspace.ts';
    const user = { kind: 'separate', uid: ${agentUid}, gid: ${agentUid}, guard: '/opt/agent-bot/guard', network: 'loopback', isAlone: false };
    const { signal } = new AbortController();
    const workspace = await createWorkspace({ runsDir: '/runs', name: 'one', user, signal });
    const look = (path) => { const { uid, mode } = statSync(path); return uid + ' ' + (mode & 0o7777).toString(8); };
    const [place, own] = [look('/runs/one'), look('/runs/one/agent')];
    await workspace.remove();
    console.log([place, own, readdirSync('/runs').length + ' left'].join(', '));`;
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
};

const run = (flags: string[], command: string[], input = ''): Ended =>
  docker(['run', '--rm', ...production, ...flags, image, ...command], input);

const docker = (args: string[], input = ''): Ended => {
  const { status, stdout, stderr, error } = spawnSync('docker', args, {
    encoding: 'utf8',
    input,
    timeout: 120_000,
    maxBuffer: 2 ** 26,
  });
  return { code: status, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
};

const expect = (holds: boolean, { code, output }: Ended) => {
  if (!holds) throw new Error(`exit code ${code}, output:\n${output.slice(0, 2_000)}`);
};

const say = (line: string) => process.stdout.write(`${line}\n`);

// this file is the entry of its own script, and reads what is said at its head
// oxlint-disable-next-line node/no-process-env
const { WORKER_BASE_IMAGE: base, DOCKER_BUILD_FLAGS: buildFlags = '' } = process.env;

const build = (): Ended => {
  const { status, error } = spawnSync(
    'docker',
    [
      'build',
      ...buildFlags.split(' ').filter((flag) => flag !== ''),
      ...(base ? [`--build-arg=BASE=${base}`] : []),
      '--file=worker-image/Dockerfile',
      `--tag=${image}`,
      '.',
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], timeout: 900_000 },
  );
  return { code: status, output: error?.message ?? '' };
};

const main = (): number => {
  if (docker(['version']).code !== 0) {
    say('docker does not answer: image:test needs a running Docker engine');
    return 1;
  }
  say('building the image; the first time takes a minute or two');
  if (build().code !== 0) {
    say('not ok - the image builds\n0 passed, 1 failed');
    return 1;
  }
  const bytes = Number(docker(['image', 'inspect', '--format={{.Size}}', image]).output);
  say(`ok - the image builds; its size is ${Math.round(bytes / 1e6)} MB`);
  const failed = Object.entries(checks).filter(([says, check]) => {
    try {
      check();
      say(`ok - ${says}`);
      return false;
    } catch (error) {
      say(`not ok - ${says}\n    ${String(error).replaceAll('\n', '\n    ')}`);
      return true;
    }
  });
  say(`${Object.keys(checks).length + 1 - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
};

if (import.meta.main) process.exitCode = main();
