import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ToolStep } from '#local/model/conversation.ts';
import { fixFailingTest } from '#local/model/fix-failing-test.ts';
import type { ModelTurn } from '#local/model/messages-api.ts';

const shop = fileURLToPath(new URL('../../../local/demo/shop', import.meta.url));

describe('the script that fixes a failing test', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'script-'));
    cpSync(shop, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const path = (name: string) => join(folder, name);
  const change = (name: string, from: string, to: string) => {
    const before = readFileSync(path(name), 'utf8');
    expect(before).toContain(from);
    writeFileSync(path(name), before.replaceAll(from, to));
  };

  type Use = NonNullable<ModelTurn['tools']>[number];
  /** The CLI's tools, as far as the script needs them. */
  const use = ({ name, input }: Use): ToolStep => {
    const [file, from, to] = [
      String(input['file_path']),
      String(input['old_string']),
      String(input['new_string']),
    ];
    if (name === 'Edit') change(file.slice(folder.length + 1), from, to);
    const results: Record<string, () => string> = {
      Bash: () => shell(String(input['command'])),
      Read: () => numbered(readFileSync(file, 'utf8')),
      Edit: () => 'The file has been updated successfully.',
    };
    return { name, input, result: results[name]!(), isError: false };
  };
  const shell = (command: string) => {
    try {
      return execFileSync('/bin/sh', ['-c', command], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { PATH: shellPath, HOME: folder },
      });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };

  /** Talks with the script until it has nothing more to do. */
  const play = (prompt: string) => {
    const steps: ToolStep[] = [];
    for (let turns = 1; turns < 20; turns += 1) {
      const { text = '', tools = [] } = fixFailingTest({ model: 'm', tools: [], prompt, steps });
      if (tools.length === 0) return { text, turns, used: steps.map(({ name }) => name) };
      steps.push(...tools.map(use));
    }
    throw new Error('the script does not end');
  };

  it('finds the operator that gives what the test expects', () => {
    const { text, used } = play('Task:\n> fix the failing test');
    expect(readFileSync(path('total.js'), 'utf8')).toContain('return price + tax;');
    expect(used).toEqual(['Bash', 'Read', 'Read', 'Edit', 'Bash']);
    expect(text).toContain('passes now (3 of 3)');
  });

  it('finds the piece of the text that differs', () => {
    const { text } = play('please Fix the failing greeting test');
    expect(readFileSync(path('greeting.js'), 'utf8')).toContain('Welcome to the shop, ');
    expect(readFileSync(path('total.js'), 'utf8')).toContain('price - tax');
    expect(text).toContain('passes now (1 of 1)');
  });

  it('decides from what it is sent: another fault, another edit', () => {
    change('total.js', 'price - tax', 'price * tax');
    change('total.test.js', 'expected: 120', 'expected: 5');
    change('total.test.js', 'expected: 300', 'expected: 5');
    change('total.test.js', '{ price: 999, tax: 0, expected: 999 },', '');
    play('fix the failing test');
    expect(readFileSync(path('total.js'), 'utf8')).toContain('price / tax');

    change('greeting.js', 'Welcome to the ship, ', 'Hello ');
    change('greeting.js', "'!'", "'?'");
    change('greeting.test.js', "'Welcome to the shop, customer!'", "'Hello customer!'");
    play('fix the failing greeting test');
    expect(readFileSync(path('greeting.js'), 'utf8')).toContain("'Hello ' + name + '!'");
  });

  it('changes nothing when no operator explains what is expected, and says so', () => {
    change('total.test.js', 'expected: 120', 'expected: 77');
    const { text, used } = play('fix the failing test');
    expect(used).not.toContain('Edit');
    expect(text).toContain('could not work out');
  });

  it('says so when the test still fails', () => {
    const failing = 'ℹ pass 0\nℹ fail 1\n';
    const steps: ToolStep[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      steps.push(
        use(fixFailingTest({ model: 'm', tools: [], prompt: 'fix the failing test', steps }).tools![0]!),
      );
    }
    steps.push({ name: 'Bash', input: {}, result: failing, isError: true });
    expect(fixFailingTest({ model: 'm', tools: [], prompt: 'fix the failing test', steps }).text).toContain(
      'still fails',
    );
  });

  it('has nothing to fix when the test passes, and nothing to say of what is no test', () => {
    change('total.js', 'price - tax', 'price + tax');
    expect(play('fix the failing test').text).toContain('passes already (3 tests)');
    writeFileSync(path('package.json'), '{}');
    expect(play('fix the failing test').text).toContain('did not run a test that I can read');
  });

  it('ends without a word when nothing that it knows is asked for', () => {
    expect(fixFailingTest({ model: 'm', tools: [], prompt: 'Task:\ntell me a joke', steps: [] })).toEqual({});
    expect(fixFailingTest({ model: 'm', tools: [], prompt: '', steps: [] })).toEqual({});
  });
});

const shellPath = `${dirname(process.execPath)}:${process.env['PATH']}`;
const numbered = (source: string) =>
  source
    .split('\n')
    .map((line, index) => `${index + 1}\t${line}`)
    .join('\n');
