// The guard for this machine: compiled once for each state of its sources, where it can be used at all.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const sources = fileURLToPath(new URL('../worker-image/guard', import.meta.url));
const cache = fileURLToPath(new URL('../node_modules/.cache/agent-bot', import.meta.url));

/** undefined where the agent is the person who started this: only root can give it another user. */
export const guardBinary = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  if (process.platform !== 'linux')
    throw new Error('as root the agent runs on Linux only: start it as an ordinary user');
  const path = join(cache, `guard-${hashOfSources()}`);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  try {
    await compileGuard(unfinished);
    renameSync(unfinished, path); // whole or not at all: others may be at it
  } finally {
    rmSync(unfinished, { force: true });
  }
  return path;
};

/** With the flags of the image; `more` for the compiler. */
export const compileGuard = async (path: string, more: readonly string[] = []): Promise<void> => {
  const files = sourceFiles().filter((name) => name.endsWith('.c'));
  try {
    await promisify(execFile)('cc', ['@flags', ...more, '-o', path, ...files], { cwd: sources });
  } catch (error) {
    const why =
      error instanceof Error && 'stderr' in error ? `: ${String(error.stderr).slice(0, 2_000)}` : '';
    throw new Error(`the guard of the agent could not be compiled. ${remedy}${why}`, { cause: error });
  }
};

const remedy =
  'As root a C compiler and the static C library are needed (Debian: apt-get install gcc libc6-dev); or start it as an ordinary user';

const sourceFiles = () => readdirSync(sources).sort();

const hashOfSources = (): string => {
  const hash = createHash('sha256').update(process.arch);
  for (const name of sourceFiles()) hash.update(`${name}\0`).update(readFileSync(join(sources, name)));
  return hash.digest('hex').slice(0, 16);
};
