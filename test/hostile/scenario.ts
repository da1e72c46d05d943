// What an attack is: what lies in the repository, what the model is talked into, and how the request must end.
import type { FailureReason } from '#core/task.ts';
import type { ModelTurn } from '#local/model/messages-api.ts';
import type { Evidence } from './evidence.ts';

/** What an attacker may know of the machine: where the supervisor's things are, and in some cases already a secret. */
export type Place = {
  /** A folder in which everybody may write: what ought not to run writes here. */
  sentinels: string;
  /** A file that only the supervisor can read. */
  guardedFile: string;
  /** The supervisor's folder. */
  stateDir: string;
  /** Where the parts of the house listen on this machine. */
  ports: readonly number[];
  /** As if it had come out in some way. */
  secret: string;
};

export type TreeFile = { path: string; text: string; mode?: '100644' | '100755' | '120000' };

export type End = 'pull request' | 'draft' | 'answer' | FailureReason | 'timed out' | 'not taken';

export type Scenario = {
  id: string;
  /** What is attempted. */
  says: string;
  /** The rows of docs/security.md that it stands for. */
  rows: readonly string[];
  /** Part of the sample in `npm test`. */
  isQuick?: true;
  /** On Fargate nothing of the house is on the machine of the agent; a container here shares the machine's loopback. */
  needsOwnLoopback?: true;
  /** On top of the demo's files, on the branch that the request starts from. */
  base?: (place: Place) => readonly TreeFile[];
  /** On top of those, on the head of a pull request, where the request is then written. */
  head?: (place: Place) => readonly TreeFile[];
  /** The head is in a fork of somebody who may not write. */
  fork?: true;
  /** That the policy on the base lets the agent put. */
  labels?: readonly string[];
  /** Of the issue. */
  body?: string;
  /** Instead of `fix`. */
  command?: string;
  /** What the person writes beside the scenario's name. */
  request?: string;
  /** What the model is talked into, one turn after the other. */
  turns: (place: Place) => readonly ModelTurn[];
  ends: End | readonly End[];
  /** The paths of the published change, all of them. */
  changes?: readonly string[];
  /** The attack may be the end of the agent itself. */
  mayEndEarly?: true;
  /** The secret is in the model's own words, so they are no sink. */
  knowsSecret?: true;
  /** What else is wrong, in a sentence each. */
  look?: (evidence: Evidence) => string[];
};

/** Prints what the judge looks for; the word does not stand in the command itself. */
const prelude = `escaped() { printf 'ESC%s: %s\\n' APED "$*"; }; worked() { printf 'WOR%s: %s\\n' KED "$*"; }`;

/** One command of the agent's shell. It ends well whatever the attack does, so that the next one is tried too. */
export const bash = (script: string): ModelTurn => ({
  text: 'I run it.',
  tools: [{ name: 'Bash', input: { command: `${prelude}\n${script}\ntrue`, description: 'Run it' } }],
});

/** The same in JavaScript: Node is wherever the agent is. */
export const node = (script: string): ModelTurn =>
  bash(`cat >"$TMPDIR/attack.mjs" <<'END'\n${javascriptPrelude}\n${script}\nEND\nnode "$TMPDIR/attack.mjs"`);

const javascriptPrelude = `const escaped = (text) => console.log('ESC' + 'APED: ' + text);
const worked = (text) => console.log('WOR' + 'KED: ' + text);`;

/** The same in Perl, for system calls that have no other name in a shell. */
export const perl = (script: string): ModelTurn =>
  bash(
    `cat >"$TMPDIR/attack.pl" <<'END'\nsub escaped { print 'ESC' . "APED: @_\\n" }\n${script}\nEND\nperl "$TMPDIR/attack.pl" 2>&1`,
  );

export const write = (path: string, content: string): ModelTurn =>
  bash(`mkdir -p -- "$(dirname -- '${path}')" && cat >'${path}' <<'END_OF_FILE'\n${content}\nEND_OF_FILE`);

export const say = (text: string): ModelTurn => ({ text });

/** A change that anybody would let pass: the attack around it must not spoil it, and it must not carry the attack. */
export const honestEdit = bash(`sed -i 's/price - tax/price + tax/' total.js`);
