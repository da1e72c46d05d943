// What a change adds is looked at before it leaves: a secret in it is not taken out but stops the change.
import { StringDecoder } from 'node:string_decoder';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import type { Taken } from '#worker/sandbox/workspace-git.ts';
import type { FindSecrets } from './judge-change.ts';

export type Leak = { kind: string; file: string; line: number };
type Deps = { redactor: Redactor; log: Log };

/** The change as it was taken, or a refusal: with a secret in it, it is not even stored. */
export const refuseSecrets = (taken: Taken, deps: Deps): Taken => {
  if (taken.kind !== 'patch') return taken;
  const scan = createScan(deps.redactor);
  scan.write(taken.patch.toString('utf8'));
  const detail = tell(scan.end(), deps);
  return detail === undefined ? taken : { kind: 'refused', detail };
};

/** Once more when it is a tree, also inside files that the patch holds packed: why it may not be published, if so. */
export const createFindSecrets =
  (deps: Deps): FindSecrets =>
  async (git, { baseSha, tree }) => {
    const { stdout, ended } = git.stream(['diff-tree', '-p', ...plain, baseSha, tree]);
    const scan = createScan(deps.redactor);
    const decoder = new StringDecoder('utf8');
    const read = async () => {
      for await (const chunk of stdout as AsyncIterable<Buffer>) scan.write(decoder.write(chunk));
    };
    await Promise.all([read(), ended]);
    return tell(scan.end(), deps);
  };

/** https://git-scm.com/docs/git-diff-tree */
const plain = ['--text', '--unified=0', '--no-color', '--no-renames', '--no-ext-diff', '--no-textconv'];

const shownLeaks = 5;

const tell = (leaks: readonly Leak[], { log }: Deps): string | undefined => {
  if (leaks.length === 0) return undefined;
  for (const { kind, file, line } of leaks.slice(0, shownLeaks))
    log.error(secretInChangeLine, { kind, file, line });
  const places = leaks.slice(0, shownLeaks).map(({ kind, file, line }) => `${file}:${line}: ${kind}`);
  const more = leaks.length > shownLeaks ? [`and ${leaks.length - shownLeaks} more`] : [];
  return ['The change holds what is, or looks like, a secret:', ...places, ...more].join('\n');
};

/** An alarm listens for it. */
export const secretInChangeLine = 'secret in the change';

type Added = { line: number; text: string };

/** So much is looked at in one go; so much of it once more with what follows, as a secret may go over many lines. */
const scanLength = 4 * 1024 * 1024;
const overlapLines = 200;

/** Reads a diff as it comes: of each file its name and the lines that it gains. */
const createScan = (redactor: Redactor) => {
  const leaks = new Map<string, Leak>();
  let rest = '';
  let file = '';
  let line = 0;
  let added: Added[] = [];
  let length = 0;

  const add = (text: string) => {
    added.push({ line, text });
    length += text.length + 1;
    if (length >= scanLength) look();
  };
  const look = () => {
    for (const found of redactor.find(added.map(({ text }) => text).join('\n'))) {
      const leak = { kind: found.kind, file, line: added[found.line - 1]?.line ?? 0 };
      leaks.set(JSON.stringify(leak), leak);
    }
    added = added.slice(-overlapLines);
    length = 0;
  };
  const read = (text: string) => {
    if (text.startsWith('diff --git ')) {
      look();
      added = [];
      file = text.slice(text.lastIndexOf(' b/') + 3).replace(/"$/, '');
      line = 0;
      add(file);
    } else if (text.startsWith('@@ ')) {
      line = Number(/\+(\d+)/.exec(text)?.[1] ?? 1);
    } else if (line > 0 && text.startsWith('+')) {
      add(text.slice(1));
      line += 1;
    } else if (text.startsWith(' ')) {
      line += 1;
    }
  };

  return {
    write: (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) read(line);
    },
    end: (): Leak[] => {
      if (rest !== '') read(rest);
      look();
      return [...leaks.values()];
    },
  };
};
