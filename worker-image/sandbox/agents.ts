// Who the agent is on this machine: for each run another user under the guard, or the person who started it all.
import { join } from 'node:path';
import type { Log } from '#core/ports/log.ts';
import type { WorkerConfig } from '#worker/env.ts';
import type { AgentUser } from './agent-user.ts';
import type { Guard } from './guard.ts';
import { probeGuard } from './guard.ts';
import { killAllOf } from './kill-agent.ts';
import { removeLeftFolders } from './left-folders.ts';
import type { LeasedUid, UidRange } from './uid-lease.ts';
import { leaseUid } from './uid-lease.ts';

export type LeasedUser = { user: AgentUser; giveBack: () => Promise<void> };
export type LeaseUser = () => Promise<LeasedUser>;

export type Agents =
  | { kind: 'ready'; leaseUser: LeaseUser }
  /** Nothing of the agent may start here. */
  | { kind: 'refused'; because: string };

type Config = Pick<
  WorkerConfig,
  'STATE_DIR' | 'RUNS_DIR' | 'AGENT_UID_FIRST' | 'AGENT_UID_COUNT' | 'GUARD_BINARY'
>;
type Input = { config: Config; isRoot: boolean; log: Log };

export const openAgents = async ({ config, isRoot, log }: Input): Promise<Agents> => {
  const { GUARD_BINARY: path } = config;
  if (path === undefined) {
    if (!isRoot) return { kind: 'ready', leaseUser: sameUser };
    return {
      kind: 'refused',
      because: 'root starts the agent under the guard only: GUARD_BINARY is not set',
    };
  }
  const range = rangeOf(config, path);
  const { uid, release } = await leaseUid(range);
  const probed = await probeGuard(path, uid).finally(release);
  if (probed.kind === 'refused') return probed;
  if (probed.because !== undefined)
    log.warn('the agent has no loopback network here', { because: probed.because });
  return { kind: 'ready', leaseUser: createLeaseUser(probed.guard, range) };
};

const sameUser: LeaseUser = () =>
  Promise.resolve({ user: { kind: 'same' }, giveBack: () => Promise.resolve() });

const createLeaseUser =
  (guard: Guard, range: UidRange): LeaseUser =>
  async () => {
    const { uid, giveBack } = await leaseUid(range);
    return { user: guardedUser(guard, uid), giveBack };
  };

export const guardedUser = ({ path, network, isAlone }: Guard, uid: LeasedUid['uid']): AgentUser => ({
  kind: 'separate',
  uid,
  gid: uid,
  guard: path,
  network,
  isAlone,
});

const rangeOf = (config: Config, guard: string): UidRange => ({
  folder: join(config.STATE_DIR, 'uids'),
  first: config.AGENT_UID_FIRST,
  count: config.AGENT_UID_COUNT,
  clear: async (uid) => {
    await killAllOf({ uid, gid: uid, guard });
    const hands = guardedUser({ path: guard, network: 'unix', isAlone: false }, uid);
    await removeLeftFolders(config.RUNS_DIR, { user: hands, uid });
  },
});
