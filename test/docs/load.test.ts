import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseLoadOptions } from '#test/load/options.ts';
import { root } from '#test/support/operator.ts';

const guide = readFileSync(`${root}docs/load.md`, 'utf8');
const script = 'npm run test:load';

/** What a reader would type: the lines of the sh blocks, without their comments. */
const commands = [...guide.matchAll(/```sh\n([^]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');

describe('the guide to the load run', () => {
  // the run itself, in its smallest form: test/load/load.test.ts
  it.each(commands)('%s is understood', (command) => {
    expect(command.startsWith(script)).toBe(true);
    const args = command.slice(script.length).replace(/^ -- /, '').split(' ').filter(Boolean);
    expect(parseLoadOptions(args)).not.toHaveProperty('problem');
  });

  it('shows a help that names every command', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/load/main.ts', '--help'], {
      cwd: root,
      env: {},
    });

    const options = commands.flatMap((command) => command.match(/--[a-z]+/g) ?? []);
    expect(options).toContain('--quick');
    for (const option of options) expect(stdout).toContain(option);
  });

  it('knows no other option', () => {
    expect(parseLoadOptions(['--slowly'])).toHaveProperty('problem');
  });
});
