// What `npm start -- …` understands.
import { parseArgs } from 'node:util';

export type Options = {
  once: boolean;
  json: boolean;
  help: boolean;
  comment: string;
  model: 'scripted' | 'real';
  stateDir: string;
};

export const usage = `Runs agent-bot on this machine and plays one request.

  npm start              start everything, play one request, stay up
  npm start -- --once    play one request and exit: 0 if all went well, else 1

  --comment TEXT     what the person writes on the demo issue
                     (default "@agent fix the failing test"; the demo has a
                     second fault: "@agent fix the failing greeting test")
  --model KIND       scripted (default) or real; real needs ANTHROPIC_API_KEY
  --state FOLDER     where the state lives (default .local)
  --json             one JSON object per line instead of the story
  --help             this text

DATABASE_URL: a Postgres to use instead of the built-in one (a role that may
create roles and databases).`;

export type Parsed = { kind: 'options'; options: Options } | { kind: 'problem'; problem: string };

export const parseOptions = (argv: readonly string[]): Parsed => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        comment: { type: 'string', default: '@agent fix the failing test' },
        model: { type: 'string', default: 'scripted' },
        state: { type: 'string', default: '.local' },
      },
    });
    const { model, state, ...rest } = values;
    if (model !== 'scripted' && model !== 'real')
      return problem(`--model is "scripted" or "real", not "${model}"`);
    if (rest.comment.trim() === '') return problem('--comment is empty');
    return { kind: 'options', options: { ...rest, model, stateDir: state } };
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
};

const problem = (text: string): Parsed => ({
  kind: 'problem',
  problem: `${text} (npm start -- --help lists the options)`,
});
