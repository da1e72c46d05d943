import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publish } from '#local/registry/npm-package.ts';
import { startRegistryBench } from '#test/support/registry-proxy.ts';

let bench: Awaited<ReturnType<typeof startRegistryBench>>;
beforeEach(async () => {
  bench = await startRegistryBench();
});
afterEach(() => bench.close());

describe('npm itself', { timeout: 60_000 }, () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'npm-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = (registry: string, ...args: string[]) =>
    promisify(execFile)('npm', [...args, '--no-audit', '--no-fund', '--no-update-notifier'], {
      cwd: folder,
      env: {
        PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
        HOME: folder,
        npm_config_registry: registry,
      },
    });

  it('installs a package with its tarball, and again from its lock file', async () => {
    const tarball = await publish(bench.twin, {
      name: 'left',
      version: '1.2.3',
      files: { 'index.js': '//\n' },
    });
    const proxy = await bench.open();
    const manifest = JSON.stringify({ name: 'shop', version: '1.0.0', dependencies: { left: '1.2.3' } });
    await writeFile(join(folder, 'package.json'), manifest);
    await run(proxy.at('npm'), 'install');
    const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
    expect(lock.packages['node_modules/left'].integrity).toMatch(/^sha512-/);

    // as a team has it, which knows no mirror
    lock.packages['node_modules/left'].resolved = tarball;
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock));
    await rm(join(folder, 'node_modules'), { recursive: true });
    await rm(join(folder, '.npm'), { recursive: true });
    await run(proxy.at('npm'), 'ci');
    expect(await readFile(join(folder, 'node_modules/left/index.js'), 'utf8')).toBe('//\n');
    expect(bench.twin.asked.filter(({ address }) => address === tarball)).toHaveLength(2);
  });

  it('cannot publish, whoever it says it is', async () => {
    const proxy = await bench.open();
    const path = proxy.at('npm').replace('http:', '');
    await writeFile(join(folder, '.npmrc'), `${path}:_authToken=of-the-attacker\n`);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'loot', version: '1.0.0' }));
    await expect(run(proxy.at('npm'), 'publish')).rejects.toThrow('405');
    expect(bench.twin.asked.every(({ method, headers }) => method === 'GET' && !headers.authorization)).toBe(
      true,
    );
    expect(bench.log.lines).toContainEqual(
      expect.objectContaining({
        message: 'registry request refused',
        fields: { status: 405, why: 'method' },
      }),
    );
  });
});
