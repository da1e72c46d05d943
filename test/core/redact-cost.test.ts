// What looking for secrets costs, and how often it is wrong. Times are compared with one another, never with a clock.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '#core/redact.ts';
import { secretPatterns } from '#core/secret-patterns.ts';
import { secretSamples } from '#test/support/secret-samples.ts';

const megabyte = 1_000_000;
/** Twice the length is twice the cost; four times would be its square. */
const limit = 3;
const anInstant = 2_000; // microseconds
const filled = (part: string, length: number) =>
  part.repeat(Math.ceil(length / part.length)).slice(0, length);
const token = secretSamples()['github-installation-token']![1]!.value;
const redactor = createRedactor({ values: [{ kind: 'token', value: token }] });

/** Of this process alone: other processes on the machine do not count. */
const costOf = (act: () => void): number => {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};
/** How much more the whole costs than its first half, at best. What takes no time at all is no measure. */
const growthOf = (part: string, length: number): number => {
  const whole = filled(part, length);
  const half = whole.slice(0, length / 2);
  let best = Infinity;
  for (let round = 0; round < 3 && best >= limit; round += 1) {
    const [short, long] = [half, whole].map((text) => costOf(() => redactor.spans(text)) + anInstant);
    best = Math.min(best, long! / short!);
  }
  return best;
};

const hostile = [
  'eyJ',
  'eyJaaaaaaaaaaaa.',
  'eyJaaaaaaaaaaaa.eyJaaaaaaaaaaaa.',
  'ghs_',
  'ghs_aB3',
  'sk-',
  'AKIA',
  '\\',
  '\\u',
  '\\u{',
  '\u001b[',
  '\u001b]',
  `\u001b[${'1;'.repeat(40)}`,
  '%',
  '&#',
  '\u200b',
  'A',
  'A\n',
  '0f',
  '0f:',
  ' 9',
  'http://',
  'https://a:',
  'https://aaaaaaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbb',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----\\n',
  'authorization: bearer ',
  'authorization: basic AAAAAAAAAAAAAAA',
  'secret_access_key=',
  token.slice(0, 30),
  token.slice(0, 8),
  Buffer.from(token).toString('base64'),
];

describe('the cost of a look', () => {
  it.each(hostile)('grows with the length alone: twice as much of %j is twice the cost', (part) => {
    expect(growthOf(part, part === 'eyJ' ? 2 * megabyte : megabyte / 4)).toBeLessThan(limit);
  });

  it.each(secretPatterns.flatMap(({ begins }) => begins))('grows with the length alone after %j', (begin) => {
    for (const part of [begin, `${begin}aB3`, `${begin} `])
      expect(growthOf(part, megabyte / 16)).toBeLessThan(limit);
  });
});

describe('ordinary code', () => {
  it('is taken for a secret in less than one of 10,000 lines', async () => {
    const found: string[] = [];
    const sum = { bytes: 0, lines: 0, wrong: 0, copy: 0, look: 0 };
    for await (const text of codeOf(join(import.meta.dirname, '../../node_modules'), 6 * megabyte)) {
      sum.bytes += text.length;
      sum.lines += text.split('\n').length;
      sum.copy += costOf(() => Buffer.from(text).toString());
      sum.look += costOf(() => found.push(...redactor.find(text).map(({ kind }) => kind)));
    }
    const speed = (cost: number) => `${Math.round(sum.bytes / cost)} MB/s`;
    process.stdout.write(`${sum.lines} lines, taken for a secret: ${found.length} (${found.join(', ')})\n`);
    process.stdout.write(`a look at ${speed(sum.look)}, a copy at ${speed(sum.copy)}\n`);
    expect(sum.bytes).toBeGreaterThan(5 * megabyte);
    expect(found.length).toBeLessThan(sum.lines / 10_000);
  });
});

/** Every file of code, in the order of the names, until there is enough of it. */
async function* codeOf(folder: string, bytes: number): AsyncGenerator<string> {
  let left = bytes;
  const names = await readdir(folder, { recursive: true });
  const code = names.filter((name) => /\.(?:js|ts|py)$/.test(name)).toSorted();
  // every so many, so that there is something of each package
  for (let at = 0; at < code.length && left > 0; at += 23) {
    const path = join(folder, code[at]!);
    if (!(await stat(path)).isFile()) continue;
    const text = await readFile(path, 'utf8');
    left -= text.length;
    yield text;
  }
}
