// The house's folder on this machine: one house at a time in it, and nothing left in it by a house that was killed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { FunctionsPlace } from '#operator/house-file.ts';
import { functionsPlaceSchema, houseFileName } from '#operator/house-file.ts';

/** A process by id and start time: ids come round again, the pair does not. */
const processSchema = z.object({ pid: z.int().positive(), started: z.string() });
type Known = z.infer<typeof processSchema>;

const ownerSchema = z.object({
  owner: processSchema,
  children: z.array(processSchema),
  functions: functionsPlaceSchema.optional(),
});
type Owner = z.infer<typeof ownerSchema>;

export type StateFolder = {
  path: string;
  /** Remembers a child that leads its own process group, so that the next start can end it should this one be killed. */
  remember: (pid: number) => void;
  /** Says to an operator where the functions are called. */
  announce: (functions: FunctionsPlace) => void;
  release: () => void;
};

export type Opened =
  | { kind: 'opened'; folder: StateFolder; cleaned: number }
  | { kind: 'in_use'; pid: number };

/** Takes the folder, or says which running process has it. What a killed owner left running is ended first. */
export const openStateFolder = async (path: string): Promise<Opened> => {
  mkdirSync(path, { recursive: true });
  const file = join(path, houseFileName);
  const before = readOwner(file);
  if (before && isRunning(before.owner)) return { kind: 'in_use', pid: before.owner.pid };
  const left = (before?.children ?? []).filter(isRunning);
  await endAll(left);

  const state: Owner = { owner: identify(process.pid), children: [] };
  const write = () => {
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  write();
  return {
    kind: 'opened',
    cleaned: left.length,
    folder: {
      path,
      remember: (pid) => {
        state.children = [...state.children.filter(isRunning), identify(pid)];
        write();
      },
      announce: (functions) => {
        state.functions = functions;
        write();
      },
      release: () => rmSync(file, { force: true }),
    },
  };
};

const readOwner = (file: string): Owner | undefined => {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // no owner, or half a file of one that died writing its first
  }
};

/** When a process started, in the machine's own words; empty when there is none. */
const startOf = (pid: number): string => (process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid));

const startOnLinux = (pid: number): string => {
  try {
    // the second field is the command in parentheses and may hold anything; state is the first after it, start time the 20th
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return ''; // no such process
  }
};

const startByPs = (pid: number): string => {
  try {
    return execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { LC_ALL: 'C' },
    }).trim();
  } catch {
    return ''; // ps ends with 1 when there is no such process
  }
};
const identify = (pid: number): Known => ({ pid, started: startOf(pid) });
const isRunning = ({ pid, started }: Known) => started !== '' && startOf(pid) === started;

const signal = ({ pid }: Known, name: 'SIGTERM' | 'SIGKILL') => {
  try {
    process.kill(-pid, name);
  } catch {
    // it ended in the meantime
  }
};

const endAll = async (children: Known[]) => {
  for (const child of children) signal(child, 'SIGTERM');
  const deadline = Date.now() + 5_000;
  while (children.some(isRunning) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100));
  for (const child of children.filter(isRunning)) signal(child, 'SIGKILL');
};
