// Which doors a run has, and when: the registries while the repository is set up; while the agent works none, but for what both the
// operator and the repository keep open.
import type { Policy } from '#core/policy.ts';
import type { Log } from '#core/ports/log.ts';
import type { RegistryName } from '#core/registries.ts';
import { hostsOf, registries, registriesOn } from '#core/registries.ts';
import type { SetupFailure } from '#core/task.ts';
import { fenced } from '#core/text.ts';
import type { Base } from '#worker/git/origin.ts';
import type { RegistryProxy } from '#worker/registry/proxy.ts';
import { startRegistryProxy } from '#worker/registry/proxy.ts';
import { toolSettings } from '#worker/registry/tools.ts';
import type { Dial } from '#worker/registry/upstream.ts';
import type { AgentLimits } from '#worker/sandbox/agent-limits.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';
import { runSetup } from './setup-phase.ts';

/** The operator's word; a repository's policy can only take away from it. */
export type NetworkConfig = {
  /** What a setup may read. */
  setupRegistries: readonly RegistryName[];
  /** Hosts that may stay readable while the agent works. */
  openHosts: readonly string[];
  dial?: Dial;
};
export type RunPolicy = Pick<Policy, 'network' | 'setup'>;

type DoorsInput = {
  network: NetworkConfig;
  policy: RunPolicy;
  workspace: Workspace;
  base: Base;
  user: AgentUser;
  path: string;
  limits: AgentLimits;
  runsDir: string;
  signal: AbortSignal;
  log: Log;
};

export type Doors = {
  /** Runs the setup and ends it; `fill` is asked to fill the repository again where it was left unusable. */
  prepare: (fill: () => Promise<void>) => Promise<Prepared>;
  close: () => Promise<void>;
};
export type Prepared = {
  /** For the agent's processes. */
  env: Record<string, string>;
  /** One of them is open to the agent. */
  hasDoor: boolean;
  /** For its prompt; empty where there is nothing to say. */
  note: string;
  setupFailure?: SetupFailure;
};

export const createDoors = (input: DoorsInput): Doors => {
  const { policy, workspace } = input;
  let door: RegistryProxy | undefined;
  const close = async () => {
    await door?.close();
    door = undefined;
  };
  /** Without a host there is no door. */
  const open = async (hosts: readonly string[]) => {
    const { signal, log, network } = input;
    const registries = registriesOn(hosts);
    const names = Object.keys(registries);
    if (names.length > 0) door = await startRegistryProxy({ registries, dial: network.dial, signal, log });
    const { env, files } = toolSettings({ folder: workspace.packages, proxyUrl: door?.url, open: names });
    for (const [name, text] of Object.entries(files)) await workspace.putPackageFile(name, text);
    return { env, names, hasDoor: door !== undefined };
  };
  const setUp = async (fill: () => Promise<void>) => {
    const { env, hasDoor } = await open(hostsInSetup(input));
    const setupFailure = await runSetup({ ...input, commands: policy.setup, env, hasDoor }).finally(close);
    if (await workspace.startAnew(input.base)) return setupFailure;
    await fill();
    return setupFailure ?? brokenBySetup(policy.setup);
  };
  const prepare = async (fill: () => Promise<void>): Promise<Prepared> => {
    const setupFailure = policy.setup.length > 0 ? await setUp(fill) : undefined;
    const { env, names, hasDoor } = await open(hostsForAgent(input));
    const lines = [
      ...(policy.setup.length > 0 ? [aboutSetup(setupFailure)] : []),
      ...(door ? [aboutDoor(door.url, names)] : []),
    ];
    return { env, hasDoor, note: lines.join('\n'), ...(setupFailure && { setupFailure }) };
  };
  return { prepare, close };
};

const hostsInSetup = ({ network, policy }: DoorsInput): string[] => {
  const usual = network.setupRegistries.flatMap((name) => hostsOf(registries[name]));
  switch (policy.network.mode) {
    case 'none':
      return [];
    case 'setup':
      return usual;
    case 'allowlist':
      return policy.network.hosts.filter((host) => usual.includes(host) || network.openHosts.includes(host));
  }
};

const hostsForAgent = ({ network, policy }: DoorsInput): string[] =>
  policy.network.mode === 'allowlist'
    ? policy.network.hosts.filter((host) => network.openHosts.includes(host))
    : [];

const brokenBySetup = (commands: RunPolicy['setup']): SetupFailure => ({
  command: commands.map(({ run }) => run).join('; '),
  what: 'it left a repository that git cannot read, so what it did was thrown away',
  output: '',
});

const aboutSetup = (failure: SetupFailure | undefined): string => {
  if (!failure)
    return 'The setup commands of this repository have been run: what they install is there. Nothing can be installed any more.';
  const { command, what, output } = failure;
  return [
    `A setup command of this repository failed (${what}), so what it installs may be missing, and nothing can be installed any more. Do what can be done without, and say what you could not check. The command and the end of its output, quoted:`,
    fenced(`${command}\n${output}`.trim()),
  ].join('\n');
};

const aboutDoor = (url: string, names: readonly string[]): string =>
  `There is no network but this: GET ${url}/NAME/PATH reads from ${names.join(', ')}. The package managers are set to it.`;
