// A package as npm's registry holds it: its index and its tarball.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RegistryTwin } from './twin.ts';

type Package = { name: string; version: string; files: Readonly<Record<string, string>>; scripts?: object };

/** Gives the address of the tarball. */
export const publish = async ({ hold }: Pick<RegistryTwin, 'hold'>, what: Package): Promise<string> => {
  const { name, version, files, scripts } = what;
  const body = await pack({ 'package.json': JSON.stringify({ name, version, scripts }), ...files });
  const tarball = `https://registry.npmjs.org/${name}/-/${name}-${version}.tgz`;
  const integrity = `sha512-${createHash('sha512').update(body).digest('base64')}`;
  const dist = { tarball, integrity };
  const index = {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { name, version, scripts, ...(scripts && { hasInstallScript: true }), dist } },
  };
  hold(tarball, { type: 'application/octet-stream', body });
  hold(`https://registry.npmjs.org/${name}`, { type: 'application/json', body: JSON.stringify(index) });
  return tarball;
};

const pack = async (files: Readonly<Record<string, string>>): Promise<Buffer> => {
  const folder = await mkdtemp(join(tmpdir(), 'package-'));
  try {
    await mkdir(join(folder, 'package'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'package', name), text);
    const { stdout } = await promisify(execFile)('tar', ['-czf', '-', '-C', folder, 'package'], {
      encoding: 'buffer',
    });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
