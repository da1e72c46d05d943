// One mutant: a copy of the house with the defence weakened, in which the scenarios are played.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Edit, Mutant } from './mutant.ts';

export type Fate =
  /** Scenarios that noticed it. */
  | { kind: 'caught'; by: string[] }
  | { kind: 'survived' }
  /** It does not even run. */
  | { kind: 'broken'; detail: string };

const root = join(import.meta.dirname, '../..');
const deadlineMs = 240_000;

/** Below the project's folder, so that its packages are found from there. */
export const createMutantFolder = async (): Promise<string> => {
  const folder = join(root, '.local', 'mutant');
  rmSync(folder, { recursive: true, force: true });
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  for (const path of stdout.split('\0').filter((path) => path !== '')) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  return folder;
};

type Playing = {
  /** Where programs are found. */
  env: { PATH: string; HOME: string };
  signal: AbortSignal;
};

export const runMutant = async (
  folder: string,
  { edits, scenarios }: Mutant,
  playing: Playing,
): Promise<Fate> => {
  const undo = edits.map((edit) => apply(folder, edit));
  try {
    return await play(folder, scenarios, playing);
  } finally {
    for (const put of undo.toReversed()) put();
  }
};

/** Gives what takes it back. */
const apply = (folder: string, { file, from, to }: Edit) => {
  const path = join(folder, file);
  const before = readFileSync(path, 'utf8');
  if (before.split(from).length !== 2) throw new Error(`${file} does not hold this once: ${from}`);
  writeFileSync(
    path,
    before.replace(from, () => to),
  );
  return () => writeFileSync(path, before);
};

const play = async (
  folder: string,
  scenarios: readonly string[],
  { env, signal }: Playing,
): Promise<Fate> => {
  const args = ['test/hostile/main.ts', '--json', '--only', scenarios.join(',')];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    killSignal: 'SIGTERM',
  });
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
  child.on('error', () => {}); // told to stop: its end says so
  await once(child, 'exit');
  const verdicts = (await stdout)
    .split('\n')
    .filter((line) => line.startsWith('{"id"'))
    .map((line): { id: string; violations: string[] } => JSON.parse(line));
  const by = verdicts.filter(({ violations }) => violations.length > 0).map(({ id }) => id);
  if (by.length > 0) return { kind: 'caught', by };
  if (verdicts.length === scenarios.length) return { kind: 'survived' };
  return { kind: 'broken', detail: (await stderr).trim().slice(-400) };
};

const textOf = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};
