// The program that starts whatever runs as the agent (worker-image/guard/), and what this machine lets it do.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { AgentNetwork } from './agent-user.ts';
import { idsOf } from './agent-user.ts';

export type Guard = {
  path: string;
  network: AgentNetwork;
  /** The agent can have a loopback that it shares with nobody: not on Fargate. */
  isAlone: boolean;
};

export type Probed =
  | { kind: 'works'; guard: Guard; because?: string }
  /** Nothing of the agent may start here. */
  | { kind: 'refused'; because: string };

const probeDeadlineMs = 20_000;

const reportSchema = z.discriminatedUnion('network', [
  z.object({ network: z.literal('loopback'), isAlone: z.boolean() }),
  z.object({ network: z.literal('unix'), because: z.string() }),
  z.object({ network: z.literal('nothing'), because: z.string() }),
]);

/** Tries it as this uid, which must be free. */
export const probeGuard = async (path: string, uid: number): Promise<Probed> => {
  const { stdout, problem } = await runProbe(path, uid);
  const report = reportSchema.safeParse(parsed(stdout)).data;
  if (!report) return { kind: 'refused', because: `${path} did not say what it can do: ${problem}` };
  if (report.network === 'nothing') return { kind: 'refused', because: report.because };
  const isAlone = report.network === 'loopback' && report.isAlone;
  const guard: Guard = { path, network: report.network, isAlone };
  return { kind: 'works', guard, ...(report.network === 'unix' && { because: report.because }) };
};

const runProbe = async (path: string, uid: number): Promise<{ stdout: string; problem: string }> => {
  const options = { cwd: '/', env: {}, timeout: probeDeadlineMs, killSignal: 'SIGKILL' } as const;
  try {
    const { stdout } = await promisify(execFile)(path, ['--probe', ...idsOf({ uid, gid: uid })], options);
    return { stdout, problem: '' };
  } catch (error) {
    // less than loopback is told by the exit code, too
    const stdout = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    return { stdout, problem: String(error).slice(0, 300) };
  }
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // nothing, or half of it
  }
};
