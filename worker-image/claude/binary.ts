// The pinned Claude CLI: where it is on a laptop, and whether what is there is it.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The stream, the flags and the prices are measured for this version only. */
export const claudeVersion = '2.1.330';

const versionDeadlineMs = 10_000;

type Problem = 'missing' | 'not_executable' | 'broken' | 'wrong_version';

export class ClaudeBinaryError extends Error {
  override readonly name = 'ClaudeBinaryError';
  readonly code: Problem;
  constructor(code: Problem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws a ClaudeBinaryError that says what to do, unless the binary is the pinned version. */
export const checkClaude = async (binary: string): Promise<void> => {
  const output = await versionOf(binary);
  const [found = 'none'] = output.split(/\s/);
  if (found === claudeVersion) return;
  throw new ClaudeBinaryError(
    'wrong_version',
    `${binary} says version ${JSON.stringify(found.slice(0, 40))}, but this worker needs ${claudeVersion}: ${remedy}`,
  );
};

/** The platform's own package, so that no install script is needed. */
export const localClaudeBinary = (): string => {
  const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'claude');
  } catch (error) {
    throw new ClaudeBinaryError('missing', `the package ${name} is not installed: ${remedy}`, {
      cause: error,
    });
  }
};

const remedy =
  'run `npm ci` (without --omit=optional), or build the image again; CLAUDE_BINARY names the file';

const versionOf = async (binary: string): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], {
      cwd: '/',
      env: {},
      timeout: versionDeadlineMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
    });
    return stdout;
  } catch (error) {
    throw problemOf(binary, error);
  }
};

const problemOf = (binary: string, error: unknown): ClaudeBinaryError => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ClaudeBinaryError('missing', `there is no Claude CLI at ${binary}: ${remedy}`, {
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new ClaudeBinaryError(
      'not_executable',
      `${binary} cannot be executed: chmod +x it, or ${remedy}`,
      {
        cause: error,
      },
    );
  }
  return new ClaudeBinaryError(
    'broken',
    `${binary} did not tell its version within ${versionDeadlineMs / 1000} s: ${remedy}`,
    { cause: error },
  );
};
