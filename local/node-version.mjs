// Plain JavaScript for old Nodes: this file runs before Node 24 is on PATH.
//
//   node local/node-version.mjs link    postinstall: put the installed Node 24 first on PATH of every npm script
//   node local/node-version.mjs         before every script: one clear line when Node is too old
//
// npm 9, 10 and 11.0-11.6 drop node_modules/.bin/node together with the other CPU's optional package, so the link is made again here.
import { existsSync, rmSync, symlinkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const oldest = [22, 18];

function link() {
  const modules = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', 'node_modules');
  const target = join(`node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (!existsSync(join(modules, target))) return;
  const bin = join(modules, '.bin', 'node');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  rmSync(bin, { force: true });
  symlinkSync(join('..', target), bin);
}

function check() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  console.error(
    `agent-bot needs Node ${oldest.join('.')} or newer and this is ${process.versions.node}: on Linux run "npm ci" (it brings Node 24), elsewhere install Node 24.`,
  );
  process.exitCode = 1;
}

if (process.argv[2] === 'link') link();
else check();
