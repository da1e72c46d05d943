import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '#core/redact.ts';
import { secretPatterns } from '#core/secret-patterns.ts';
import { encodings, seenByLooks } from '#test/support/encodings.ts';
import { secretSamples, textsOf } from '#test/support/secret-samples.ts';

const samples = Object.entries(secretSamples());
const token = secretSamples()['github-installation-token']![1]!.value;
const around = (text: string) => `what was said: ${text}, and what came after`;
/** What of the redacted text is the secret's: its letters, however they stand there. */
const lettersOf = (text: string) => text.replace(/\[redacted:[a-z0-9-]+\]/g, '').replace(/[^A-Za-z0-9]/g, '');

const linesOf = (text: string) => text.split('\n').filter((line) => !line.startsWith('-----'));

describe('a known secret', () => {
  it.each(Object.entries(encodings))('is taken out %s, whatever its kind', (_, encode) => {
    const others = lettersOf(around(encode(''))).length;
    for (const line of samples.flatMap(([, [sample]]) => linesOf(sample!.value))) {
      const redactor = createRedactor({ values: [{ kind: 'of-the-test', value: line }] });
      const redacted = redactor.text(around(encode(line)));
      expect(redacted).toContain('[redacted:of-the-test]');
      expect(lettersOf(redacted).length).toBeLessThan(others + 10);
    }
  });

  it('leaves the rest of the text as it was', () => {
    const redactor = createRedactor({ values: [{ kind: 'token', value: token }] });
    expect(redactor.text(`a "${token}" b ${token} c`)).toBe('a "[redacted:token]" b [redacted:token] c');
    expect(redactor.text('nothing of it')).toBe('nothing of it');
    expect(redactor.text(redactor.text(token))).toBe('[redacted:token]');
  });

  it('is known by its lines when it has several, and a line of less than 8 characters is none', () => {
    const redactor = createRedactor();
    redactor.register('key', 'first line here\r\n-----BEGIN\nabc\nsecond-line-8');
    expect(redactor.text('first line here; abc; -----BEGIN; second-line-8')).toBe(
      '[redacted:key]; abc; -----BEGIN; [redacted:key]',
    );
  });

  it('is found by its signs alone when it has few letters', () => {
    const redactor = createRedactor({ values: [{ kind: 'password', value: '§$%&/()=?' }] });
    expect(redactor.text('it is §$%&/()=? again')).toBe('it is [redacted:password] again');
  });

  it('that is a word is no reason to take out a part of the word', () => {
    const redactor = createRedactor({
      values: [{ kind: 'password', value: 'correct horse battery staple' }],
    });
    expect(redactor.text('a correct horse battery')).toBe('a correct horse battery');
    expect(redactor.text('CorrectHorseBatteryStaple')).toBe('[redacted:password]');
  });

  it('in two pieces leaves less than 20 letters in a row', () => {
    const redactor = createRedactor({ values: [{ kind: 'token', value: token }] });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: token.length }), (at) => {
        const out = [token.slice(0, at), token.slice(at)]
          .map((piece) => redactor.text(around(piece)))
          .join('');
        const left = lettersOf(out).length - 2 * lettersOf(around('')).length;
        expect(left).toBeLessThan(20);
      }),
    );
  });
});

describe('a secret that nobody told us of', () => {
  it('has one of at least 40 forms, each with an example here', () => {
    const kinds = new Set(secretPatterns.map(({ kind }) => kind));
    expect(kinds.size).toBeGreaterThanOrEqual(40);
    expect([...kinds].toSorted()).toStrictEqual(samples.map(([kind]) => kind).toSorted());
  });

  it.each(samples)('is known by its looks: %s', (kind, forms) => {
    const redactor = createRedactor();
    for (const { value, text = value } of forms) {
      const redacted = redactor.text(around(text));
      expect(redacted).toContain(`[redacted:${kind}]`);
      expect(redacted).not.toContain(value);
    }
  });

  it.each(seenByLooks)('is found %s', (name) => {
    const redactor = createRedactor();
    const kindsIn = (text: string) => redactor.find(text).map(({ kind }) => kind);
    for (const [kind, forms] of samples)
      for (const { value, text = value } of forms)
        expect(kindsIn(around(encodings[name](text)))).toContain(kind);
  });

  it('is missed in none of 2000 tokens of the newer form', () => {
    const some = textsOf(99);
    const redactor = createRedactor();
    for (let round = 0; round < 2_000; round += 1) {
      const [head, body, signature] = [40, 250, 171].map((length) => some(length, `${some(1)}abcXYZ019-_`));
      const value = `ghs_${some(7, '0123456789')}_ey${head}.${body}.${signature}`;
      expect(redactor.text(`token ${value} end`)).toBe('token [redacted:github-installation-token] end');
    }
  });

  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'postgres://postgres:password@localhost/app',
    'https://user:${PASSWORD}@example.com',
    'Authorization: Bearer $TOKEN',
    String.raw`/^-----BEGIN (?:RSA )?PRIVATE KEY-----\n/, 'privateKey is a PEM text'`,
  ])('is not what only stands for one: %s', (text) => {
    expect(createRedactor().text(text)).toBe(text);
  });
});

describe('what a secret is taken out of', () => {
  const redactor = createRedactor({ values: [{ kind: 'token', value: token }] });

  it('may be an object: its values and its keys', () => {
    const when = new Date();
    const value = { list: [1, null, { [token]: `a ${token}` }], when, url: new URL(`https://x/${token}`) };
    expect(redactor.value(value)).toStrictEqual({
      list: [1, null, { '[redacted:token]': 'a [redacted:token]' }],
      when,
      url: 'https://x/[redacted:token]',
    });
  });

  it('is the same object when there is nothing to take out', () => {
    const value = {
      list: ['a'],
      signal: AbortSignal.abort(),
      bytes: Buffer.from('x'),
      error: new Error('no'),
    };
    expect(redactor.value(value)).toBe(value);
  });

  it('may be an error, with its stack, its causes and what hangs on it', () => {
    const cause = Object.assign(new TypeError(token), { request: { headers: { authorization: token } } });
    const error = redactor.value(new AggregateError([new Error(token)], `with ${token}`, { cause }));
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.message).toBe('with [redacted:token]');
    expect(error.cause).toBeInstanceOf(TypeError);
    const all = [
      error.stack,
      error.errors[0].stack,
      (error.cause as Error).stack,
      JSON.stringify(error.cause),
    ];
    for (const text of all) expect(text).toContain('[redacted:token]');
    expect(all.join('')).not.toContain(token.slice(0, 30));
  });

  it('may hold itself', () => {
    const value: Record<string, unknown> = { token };
    value['self'] = value;
    expect(redactor.value(value)).toStrictEqual({ token: '[redacted:token]', self: '[circular]' });
  });

  it('may be JSON, which stays JSON also where two texts hold a piece each', () => {
    const text = JSON.stringify({ a: [token.slice(0, 200), [token.slice(200)]], b: 1 });
    expect(JSON.parse(redactor.json(text))).toStrictEqual({
      a: ['[redacted:token]', ['[redacted:token]']],
      b: 1,
    });
    expect(redactor.json('{ "b": 1 }')).toBe('{ "b": 1 }');
    expect(redactor.json(`no JSON ${token}`)).toBe('no JSON [redacted:token]');
  });

  it('is told by kind and line, never by value', () => {
    const findings = redactor.find(Buffer.from(`one\ntwo ${token}\nthree\nfour ${token}`));
    expect(findings).toStrictEqual([
      { kind: 'token', line: 2 },
      { kind: 'token', line: 4 },
    ]);
  });
});

describe('two secrets in one run of base64 or hex', () => {
  it.each(['base64', 'hex'] as const)(
    'are both taken out of %s, however they are glued together',
    (encoding) => {
      const [one, two] = [secretSamples(1), secretSamples(2)].map(
        (some) => some['github-personal-token']![0]!.value,
      );
      for (const glue of ['', 'a', 'ab', 'abc']) {
        const run = [one!, two!].map((value) =>
          Buffer.from(`is ${value}`).toString(encoding).replace(/=+$/, ''),
        );
        const redacted = createRedactor().text(`x ${glue}${run.join(glue)} y`);
        expect(redacted).toMatch(/^x \w{0,12}\[redacted:github-personal-token\] y$/);
      }
    },
  );
});
