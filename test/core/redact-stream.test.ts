import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '#core/redact.ts';
import { redactStream } from '#core/redact-stream.ts';
import { encodings } from '#test/support/encodings.ts';
import { secretSamples, textsOf } from '#test/support/secret-samples.ts';

const token = secretSamples()['github-installation-token']![1]!.value;
const values = [{ kind: 'token', value: token }];
const through = (chunks: Iterable<string | Uint8Array>, known = values) =>
  text(Readable.from(chunks).pipe(redactStream(createRedactor({ values: known }))));

/** The bytes, cut at these places of a thousand. */
const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const cuts = places.map((place) => Math.floor((place * bytes.length) / 1_000)).toSorted((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
};

describe('a stream', () => {
  it('gives what a whole text gives, however it is cut and wherever the secret stands in it', async () => {
    const whole = createRedactor({ values });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(encodings) as (keyof typeof encodings)[])),
        fc.array(fc.nat(1_000), { maxLength: 8 }),
        fc.constantFrom(0, 10, 31_000, 65_500, 97_900, 98_304, 130_000),
        async (name, places, before) => {
          const said = `${'größer than 1 \n'.repeat(before / 16)}${encodings[name](token)} and ${'so on; '.repeat(9_000)}`;
          const out = await through(cutAt(Buffer.from(said), places));
          expect(out === whole.text(said)).toBe(true);
          expect(out).toContain('[redacted:token]');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets no piece go before the rest has come, wherever it looks and lets go', async () => {
    const [redacted] = createRedactor({ values }).text(token).split(' ');
    for (const around of [65_536, 98_304])
      for (let before = around - 560; before < around + 600; before += 20) {
        const said = Buffer.from(`${'x '.repeat(before / 2)}${token}${' x'.repeat(20_000)}`);
        const chunks = Array.from({ length: Math.ceil(said.length / 512) }, (_, at) =>
          said.subarray(at * 512, (at + 1) * 512),
        );
        expect((await through(chunks)).slice(before - 2)).toBe(`x ${redacted}${' x'.repeat(20_000)}`);
        expect((await through(chunks, [])).slice(before - 2, before + 40)).toContain(
          'x [redacted:github-installation-token] ',
        );
      }
  });

  it('holds no more than 100 KB back, also when a secret never ends', async () => {
    const stream = redactStream(createRedactor());
    let given = 0;
    stream.on('data', (chunk: Buffer) => (given += chunk.length));
    const chunk = textsOf(3)(10_000);
    stream.write(`ghs_${chunk}`);
    for (let round = 0; round < 100; round += 1) stream.write(chunk);
    stream.write(' end '.repeat(40_000));
    await new Promise((resolve) => stream.write('', resolve));
    expect(given).toBeGreaterThan(100_000);
    stream.destroy();
  });
});
