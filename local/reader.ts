// Tells the house's story to whoever reads: a person at a terminal, or a program (--json).
import { printable } from '#core/text.ts';
import type { House } from './house.ts';
import type { Entry } from './journal.ts';
import type { Started } from './parts.ts';
import type { Played } from './play.ts';
import type { Output } from './progress.ts';
import { tell } from './story.ts';
import type { Terminal } from './terminal.ts';
import { createTerminal } from './terminal.ts';

type Request = { comment: string; login: string; issue: number };
type Json = (kind: string, facts: object) => void;
export type Reader = ReturnType<typeof createReader>;

export const createReader = (out: Output, isJson: boolean) => {
  // in JSON the story goes nowhere: one object per line instead
  const terminal = createTerminal(isJson ? { write: () => true } : out);
  const json: Json = (kind, facts) => {
    if (isJson) out.write(`${JSON.stringify({ kind, ...facts })}\n`);
  };
  const tellEnd = createEnding(terminal, json);
  let startedAt = Date.now();
  let last: string | undefined;
  let asked = 0;
  return {
    begin: (folder: string) => {
      terminal.heading('agent-bot, the whole house on this machine');
      terminal.line(`  state in ${folder}\n`);
      terminal.waitFor('starting the parts');
    },
    part: (part: Started) => {
      json('part', part);
      terminal.part(part.name, part.address, part.ms);
    },
    request: ({ comment, login, issue }: Request, { demo }: House) => {
      startedAt = Date.now();
      asked = issue;
      json('request', { comment, login, issue });
      terminal.heading(`One request: ${login} writes on ${demo.repository}#${issue}`);
      terminal.line(`  ${printable(comment)}\n`);
      terminal.waitFor('the request is under way');
    },
    entry: (entry: Entry) => {
      const line = tell(entry);
      if (!line || line.what === last) return;
      last = line.what;
      json('step', { ms: entry.at - startedAt, ...line });
      terminal.step(entry.at - startedAt, line.where, line.what);
    },
    /** True when the request came to a pull request or an answer. */
    end: (played: Played, house: House, logPath: string): Promise<boolean> =>
      tellEnd({ played, house, logPath, issue: asked }, Date.now() - startedAt),
    stay: () => terminal.line('\nIt all stays up. Ctrl-C ends it.'),
    note: (text: string) => terminal.line(`  ${text}`),
    problem: (text: string) => {
      json('problem', { text });
      terminal.bad(text);
    },
    waitFor: terminal.waitFor,
    close: terminal.close,
  };
};

type Ending = { played: Played; house: House; logPath: string; issue: number };

const createEnding =
  (terminal: Terminal, json: Json) =>
  async ({ played, house, logPath, issue }: Ending, ms: number): Promise<boolean> => {
    terminal.waitFor(undefined);
    const end = await toEnd(played, house);
    json('end', { ...end, ms, logPath });
    terminal.line();
    if (end.isGood) terminal.good(`${end.text} (${(ms / 1000).toFixed(1)} s)`);
    else terminal.bad(end.text);
    if (end.diff) {
      terminal.line();
      terminal.diff(end.diff);
    }
    terminal.line('\nLook at it');
    const pull = end.pullRequest === undefined ? {} : { 'pull request': end.pullRequest };
    for (const [name, address] of Object.entries({ ...pull, ...placesOf(house, issue), log: logPath })) {
      terminal.line(`  ${name.padEnd(14)} ${address}`);
    }
    return end.isGood;
  };

type End = { isGood: boolean; text: string; pullRequest?: string; diff?: string };

const toEnd = async (played: Played, house: House): Promise<End> => {
  switch (played.kind) {
    case 'not_taken':
      return { isGood: false, text: `no task was made of it: ${played.reason}` };
    case 'no_end':
      return {
        isGood: false,
        text: `no end after ${Math.round(played.afterMs / 1000)} s; the log says more`,
      };
    case 'ended': {
      const { outcome, facts } = played.task;
      if (outcome?.status !== 'succeeded') {
        const why =
          outcome?.status === 'failed'
            ? `: ${[outcome.reason, outcome.detail, outcome.draft?.url].filter(Boolean).join(', ')}`
            : '';
        return { isGood: false, text: printable(`the task ended as ${outcome?.status ?? 'unknown'}${why}`) };
      }
      if (outcome.result.kind === 'answer')
        return { isGood: true, text: 'the task ended with an answer on the thread' };
      const { gitDir } = house.demo;
      const diff = await house.github.git.run(gitDir, [
        'diff',
        `${facts.baseSha ?? ''}`,
        facts.commitSha ?? '',
        '--',
      ]);
      return {
        isGood: true,
        text: `pull request ${outcome.result.number} is open`,
        pullRequest: outcome.result.url,
        diff: printable(diff),
      };
    }
  }
};

const placesOf = ({ github, demo, api }: House, issue: number): Record<string, string> => ({
  thread: `${github.webUrl}/${demo.repository}/issues/${issue}`,
  'every call': `${github.webUrl}/journal`,
  health: `${api.url}/health`,
});
