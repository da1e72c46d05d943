import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string) => readFileSync(`${root}${name}`, 'utf8');
const readme = read('README.md');

/** What a reader would type: the lines of the sh blocks, without their comments. */
const commands = [...readme.matchAll(/```sh\n([^]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');

/** Where each of them is run; a command that is not here is run by nothing. */
const runBy: Record<string, { file: string; text: string }> = {
  'npm ci && npm start': { file: 'test/local/start.test.ts', text: "await third.said('end')" },
  'npm ci && npm test': { file: '.ci/run', text: 'npm test' },
  'npm start -- --once': { file: '.ci/run', text: 'npm start -- --once' },
  'npm start -- --help': { file: 'test/docs/readme.test.ts', text: "'--help'" },
  'npm run check': { file: '.ci/run', text: 'npm run -s check' },
  'npm run synth': { file: '.ci/run', text: 'npm run -s synth' },
  'npm run image:test': { file: '.ci/image', text: 'npm run -s image:test' },
};

describe('the README', () => {
  it('names only commands that something runs', () => {
    expect(commands.toSorted()).toEqual(Object.keys(runBy).toSorted());
  });

  it.each(Object.entries(runBy))('%s is run', (_, { file, text }) => {
    expect(read(file)).toContain(text);
  });

  it('shows a help that names every option', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['local/main.ts', '--help'], {
      cwd: root,
      env: {},
    });

    for (const option of ['--once', '--comment', '--model', '--state', '--json'])
      expect(stdout).toContain(option);
  });

  it('links only to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);

    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(`${root}${link}`))).toEqual([]);
  });
});
