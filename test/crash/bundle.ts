// The worker in one file, as worker-image/Dockerfile builds it, so that its process starts in a fraction of a second.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Without Octokit's pace of one write per second and one notification per three: the twin needs none. */
export const bundleWorker = async (folder: string): Promise<string> => {
  const outfile = join(folder, 'worker.mjs');
  await build({
    entryPoints: [here('worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    keepNames: true,
    logLevel: 'warning',
    alias: { '@octokit/plugin-throttling': here('no-pace.ts') },
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  copyFileSync(here('../../worker-image/claude/system-prompt.md'), join(folder, 'system-prompt.md'));
  return outfile;
};
