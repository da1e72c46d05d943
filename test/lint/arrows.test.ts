import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A file in a room, and the arrow or the habit that must not be. */
const forbidden: [file: string, code: string, rule: string][] = [
  ['core/a.ts', "import { x } from '#db/x.ts';\nx();\n", 'no-restricted-imports'],
  ['db/a.ts', "import { x } from '#functions/x.ts';\nx();\n", 'no-restricted-imports'],
  ['functions/a.ts', "import { x } from '#worker/x.ts';\nx();\n", 'no-restricted-imports'],
  ['functions/handlers/a.ts', 'export const a = process.env.HOME;\n', 'no-process-env'],
  ['worker-image/a.ts', "import { x } from '#functions/x.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/b.ts', 'export const b = process.env.HOME;\n', 'no-process-env'],
  ['worker-image/git/a.ts', "import { x } from '#worker/sandbox/x.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/lease/a.ts', "import { x } from '#worker/stopped.ts';\nx();\n", 'no-restricted-imports'],
  [
    'worker-image/registry/a.ts',
    "import { x } from '#worker/gateway/x.ts';\nx();\n",
    'no-restricted-imports',
  ],
  ['worker-image/sandbox/a.ts', "import { x } from '#worker/claude/x.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/claude/a.ts', "import { x } from '#worker/gateway/x.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/gateway/a.ts', "import { x } from '#worker/sandbox/x.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/publish/a.ts', "import { x } from '#worker/run/x.ts';\nx();\n", 'no-restricted-imports'],
  [
    'worker-image/run/a.ts',
    "import type { X } from '#worker/steps/x.ts';\nexport const a = (x: X) => x;\n",
    'no-restricted-imports',
  ],
  ['worker-image/run/b.ts', "import { x } from '../git/x.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/steps/a.ts', "import { x } from '#worker/handle-task.ts';\nx();\n", 'no-restricted-imports'],
  ['worker-image/steps/b.ts', "import { x } from '#worker/sandbox/x.ts';\nx();\n", 'no-restricted-imports'],
  ['operator/a.ts', "import { x } from '#db/x.ts';\nx();\n", 'no-restricted-imports'],
  ['operator/b.ts', "import { x } from '#functions/x.ts';\nx();\n", 'no-restricted-imports'],
  ['functions/c.ts', "import { x } from '#operator/x.ts';\nx();\n", 'no-restricted-imports'],
  ['infra/a.ts', "import { x } from '#functions/x.ts';\nx();\n", 'no-restricted-imports'],
  ['core/b.ts', "import { x } from '../db/x.ts';\nx();\n", 'no-restricted-imports'],
  ['core/c.ts', "export * from './a.ts';\n", 'no-barrel-file'],
  ['core/d.ts', 'export const d: any = 1;\n', 'no-explicit-any'],
  ['core/e.ts', 'const e = 1;\nexport default e;\n', 'no-default-export'],
];
const allowed: [file: string, code: string][] = [
  ['functions/b.ts', "import { x } from '#db/x.ts';\nimport { y } from '#core/y.ts';\nx(y, process.env);\n"],
  ['infra/b.ts', "import type { X } from '#functions/env.ts';\nexport const b = (x: X) => x;\n"],
  ['worker-image/c.ts', "import { x } from '#worker/steps/x.ts';\nimport { y } from './y.ts';\nx(y);\n"],
  ['worker-image/gateway/b.ts', "import type { X } from '#worker/env.ts';\nexport const b = (x: X) => x;\n"],
  [
    'worker-image/publish/b.ts',
    "import { x } from '#worker/git/x.ts';\nimport { y } from './y.ts';\nx(y);\n",
  ],
  [
    'worker-image/steps/c.ts',
    "import { x } from '#worker/run/x.ts';\nimport { y } from '#core/y.ts';\nx(y);\n",
  ],
  ['operator/c.ts', "import { x } from '#core/x.ts';\nimport { y } from './y.ts';\nx(y);\n"],
  ['local/a.ts', "import { x } from '#worker/x.ts';\nimport { y } from '#functions/y.ts';\nx(y);\n"],
];

describe('the lint rules', () => {
  let folder: string;
  let found: { filename: string; code: string }[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lint-'));
    copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    for (const [file, code] of [...forbidden, ...allowed]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), code);
    }
    const oxlint = join(root, 'node_modules', '.bin', 'oxlint');
    const { stdout } = await promisify(execFile)(oxlint, ['--format', 'json'], { cwd: folder }).catch(
      (ended: { stdout: string }) => ended, // 1: it found something
    );
    found = JSON.parse(stdout).diagnostics;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const rulesAt = (file: string) =>
    found.filter(({ filename }) => filename.endsWith(file)).map(({ code }) => code);

  it.each(forbidden)('refuse %s: %s', (file, _, rule) => {
    expect(rulesAt(file).join(' ')).toContain(rule);
  });

  it.each(allowed)('let %s pass', (file) => {
    expect(rulesAt(file)).toEqual([]);
  });
});
