import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '#core/redact.ts';
import { redactLog } from '#core/redact-log.ts';
import { encodings } from '#test/support/encodings.ts';
import { aLog } from '#test/support/fakes.ts';
import { secretSamples, textsOf } from '#test/support/secret-samples.ts';

const secret = textsOf(5)(48);
const aRedactedLog = () => {
  const { log, lines, text } = aLog();
  const redactor = createRedactor({ values: [{ kind: 'canary', value: secret }] });
  return { log: redactLog(log, redactor), lines, text };
};

describe('a line of the log', () => {
  it.each(Object.entries(encodings))(
    'holds no secret %s, in its message, its fields or their names',
    (_, encode) => {
      const { log, text } = aRedactedLog();
      const error = new Error('no', { cause: new Error(encode(secret)) });
      log.info(encode(secret), { [encode(secret)]: [{ deep: `x ${encode(secret)}` }] });
      log.error('failed', { error });
      expect(text()).not.toContain(JSON.stringify(encode(secret)).slice(1, -1));
      expect(text().match(/\[redacted:canary\]/g)).toHaveLength(3);
      expect((aRedactedLogOf(error).cause as Error).message).toContain('[redacted:canary]');
    },
  );

  it('holds no half of a secret when the other half stands in the next one', () => {
    const { log, text } = aRedactedLog();
    for (let at = 0; at <= secret.length; at += 1) {
      log.warn('one', { at: secret.slice(0, at) });
      log.warn('two', { at: secret.slice(at) });
    }
    for (let at = 0; at <= secret.length - 20; at += 1)
      expect(text()).not.toContain(secret.slice(at, at + 20));
  });

  it('holds nothing that a terminal obeys or hides', () => {
    const { log, lines } = aRedactedLog();
    const evil = [
      '\u001bP1q\u001b\\',
      '\u009b31m',
      '\u001b_x',
      'a\rb',
      'a\bb',
      '\u202e',
      '\u2028',
      '\u200b',
      '\u0000',
    ];
    log.info('said', { evil: evil.join('|') });
    expect(lines[0]!.fields['evil']).not.toMatch(/[^\P{Cc}\n\t]|[\p{Cf}\u2028\u2029]/u);
    expect(lines[0]!.fields['evil']).toContain(String.raw`\u{202e}`);
  });
});

const aRedactedLogOf = (error: Error): Error => {
  const { log, lines } = aRedactedLog();
  log.error('failed', { error });
  return lines[0]!.fields['error'] as Error;
};

describe('the log of a function', () => {
  it('prints no secret, also in an error that it is given', async () => {
    const unknown = secretSamples()['github-personal-token']![0]!.value;
    const script = `
      import { createLog } from './core/aws/log.ts';
      import { createRedactor } from './core/redact.ts';
      const [known, unknown] = process.argv.slice(1);
      const log = createLog('of the test', createRedactor({ values: [{ kind: 'canary', value: known }] }));
      const error = new Error('with ' + known, { cause: new Error('and ' + unknown) });
      log.info('said ' + known, { known, url: new URL('https://x/' + unknown), list: [{ [known]: 1 }] });
      log.error('failed', { error });
      log.error('failed', error);`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '-e', script, secret, unknown],
      { cwd: join(import.meta.dirname, '../..') },
    );
    expect(stdout + stderr).not.toContain(secret);
    expect(stdout + stderr).not.toContain(unknown);
    expect(stdout).toContain('[redacted:canary]');
    expect(stdout).toContain('[redacted:github-personal-token]');
    for (const line of stdout.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ service: 'of the test' });
  });
});
