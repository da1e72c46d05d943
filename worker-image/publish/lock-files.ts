// Lock files whose manifest did not change: nobody asked for other packages, so nobody looks for them there.
import { basename, dirname } from 'node:path/posix';
import { lockFilesRow } from '#core/protected-paths.ts';
import type { Refusal } from './path-policy.ts';

const why = 'it is a lock file, and its manifest did not change: other packages could come in unseen';

/** A manifest counts from the lock file's folder downwards: a workspace has one lock file for many. */
export const lonelyLockFiles = (paths: readonly string[]): Refusal[] =>
  paths
    .filter((path) => {
      const manifest = manifests.get(basename(path).toLowerCase());
      if (!manifest) return false;
      const folder = dirname(path) === '.' ? '' : `${dirname(path)}/`;
      return !paths.some((other) => other.startsWith(folder) && manifest.test(basename(other)));
    })
    .map((path) => ({ path, why, row: lockFilesRow }));

const node = /^(?:package\.json|pnpm-workspace\.yaml)$/i;
const python = /^(?:pyproject\.toml|setup\.(?:py|cfg)|requirements.*\.(?:txt|in))$/i;
const manifests = new Map<string, RegExp>([
  ['package-lock.json', node],
  ['npm-shrinkwrap.json', node],
  ['yarn.lock', node],
  ['pnpm-lock.yaml', node],
  ['bun.lock', node],
  ['bun.lockb', node],
  ['deno.lock', /^(?:deno\.jsonc?|package\.json)$/i],
  ['poetry.lock', python],
  ['uv.lock', python],
  ['pdm.lock', python],
  ['pipfile.lock', /^pipfile$/i],
  ['cargo.lock', /^cargo\.toml$/i],
  ['go.sum', /^go\.mod$/i],
  ['go.work.sum', /^go\.(?:mod|work)$/i],
  ['gemfile.lock', /^(?:gemfile|.*\.gemspec)$/i],
  ['composer.lock', /^composer\.json$/i],
  ['mix.lock', /^mix\.exs$/i],
  ['pubspec.lock', /^pubspec\.yaml$/i],
  ['podfile.lock', /^podfile$/i],
  ['package.resolved', /^package\.swift$/i],
  ['packages.lock.json', /\.(?:cs|fs|vb)proj$|^directory\.packages\.props$/i],
  ['gradle.lockfile', /^build\.gradle(?:\.kts)?$/i],
  ['flake.lock', /^flake\.nix$/i],
]);
