import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { allCases } from '#test/crash/cases/all.ts';
import { fates } from '#test/crash/blows.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/reliability.md`, 'utf8');
const workflow = readFileSync(`${root}.github/workflows/crash.yml`, 'utf8');

const commands = [...page.matchAll(/```sh\n([^]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');

/** These take minutes: CI runs them, the first for each change and the second every night. */
const inCi = ['npm run test:crash', 'npm run test:crash -- --full'];

const run = (command: string) =>
  promisify(execFile)('/bin/sh', ['-c', command], { cwd: root, env: { PATH: process.env['PATH'] } });

describe('docs/reliability.md', () => {
  it.each(inCi)('has CI run %s', (command) => {
    expect(commands).toContain(command);
    expect(workflow.split('\n').map((line) => line.trim())).toContain(`- run: ${command}`);
  });

  const says: [command: string, what: RegExp][] = [
    ['npm run test:crash -- --only "K11 KILL"', /^1 passed, 0 failed$/m],
    ['npm run test:crash -- --list', /^K11 KILL +quick/m],
    ['npm run test:crash -- --help', /--full[^]*--only[^]*--list[^]*--json/],
  ];

  it('names no other command', () => {
    expect(commands.toSorted()).toEqual([...inCi, ...says.map(([command]) => command)].toSorted());
  });

  it.each(says)('%s works', { timeout: 150_000 }, async (command, what) => {
    const { stdout } = await run(command);
    expect(stdout).toMatch(what);
  });

  it('explains every point and every blow', () => {
    const groups = new Set(allCases(1).map(({ group }) => group.replace(/^(K13|K14).$/, '$1')));
    const [, told = ''] = page.split('## See it');
    // a token that stands for itself: K6a is no word for K6
    const isTold = (name: string) => new RegExp(`(?<![\\w-])${name}(?!\\w)`).test(told);
    expect([...groups].filter((group) => !isTold(group.replace(/^[CW]$/, '$&1')))).toEqual([]);
    for (const fate of fates) expect(told).toContain(`\`${fate}\``);
  });
});
