// An index on its way to a package manager: the registry's whole addresses become the mirror's.
import { Buffer } from 'node:buffer';

export type Replacement = readonly [address: string, by: string];

/**
 * Chunk by chunk, with no more kept than could be the beginning of an address. The addresses are ASCII and every other byte
 * stays as it is. The first that fits counts.
 */
export async function* rewrite(
  chunks: AsyncIterable<Uint8Array>,
  replacements: readonly Replacement[],
): AsyncGenerator<Buffer> {
  const byAddress = new Map(replacements);
  const addresses = new RegExp(
    [...byAddress.keys()].map((address) => address.replaceAll('.', '\\.')).join('|'),
    'g',
  );
  const longest = Math.max(...replacements.map(([address]) => address.length));
  let held = '';
  for await (const chunk of chunks) {
    held += Buffer.from(chunk).toString('latin1');
    const { written, rest } = replaceUntil(held, held.length - longest + 1);
    held = rest;
    if (written !== '') yield Buffer.from(written, 'latin1');
  }
  if (held !== '') yield Buffer.from(replaceUntil(held, held.length).written, 'latin1');

  /** What begins before `until` is whole; what comes later may need the next chunk. */
  function replaceUntil(text: string, until: number) {
    let written = '';
    let done = 0;
    for (const { 0: address, index } of text.matchAll(addresses)) {
      if (index >= until) break;
      written += text.slice(done, index) + (byAddress.get(address) ?? address);
      done = index + address.length;
    }
    const end = Math.max(done, until);
    return { written: written + text.slice(done, end), rest: text.slice(end) };
  }
}
