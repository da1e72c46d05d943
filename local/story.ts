// What the twins see, told as a story: one line for each call that a person would care about.
import { printable } from '#core/text.ts';
import type { Entry } from './journal.ts';

export type Line = { where: string; what: string };
type Tell = (entry: Entry, match: RegExpExecArray) => string | undefined;
type Row = readonly [twin: string, call: RegExp, where: string, tell: Tell];

const always =
  (what: string): Tell =>
  () =>
    what;
const text = (value: unknown) => (typeof value === 'string' ? value : '');

const rows: readonly Row[] = [
  [
    'hook',
    /^(issue_comment|installation)\.created$/,
    'GitHub',
    ({ status }, [call]) => `webhook ${call} → ${status}`,
  ],
  [
    'github',
    /^POST \/app\/hook\/deliveries\/\d+\/attempts$/,
    'sweep',
    always('a webhook had failed: GitHub is asked to send it again'),
  ],
  ['sqs', /^SendMessage$/, 'queue', ({ detail }) => `one message on ${text(detail['queue'])}`],
  [
    'lambda',
    /^triage$/,
    'triage',
    ({ detail, status }) => `${status === 200 ? 'done' : 'FAILED'} in ${Number(detail['durationMs'])} ms`,
  ],
  [
    'github',
    /^GET .*\/collaborators\/([^/]+)\/permission$/,
    'triage',
    (_, [, login]) => `may ${login} write here? GitHub is asked`,
  ],
  ['github', /^POST .*\/comments\/\d+\/reactions$/, 'triage', always('👀 on the comment')],
  ['lambda', /^ledger$/, 'ledger', ({ detail }) => verbIn(text(detail['payload']))],
  ['ecs', /^task RUNNING$/, 'ECS', always('a worker starts: a process of its own')],
  ['ecs', /^task STOPPED$/, 'ECS', ({ status }) => `the worker has ended, exit code ${status}`],
  ['github', /^POST .*\/access_tokens$/, 'GitHub', always('a token for this one repository')],
  ['github', /^DELETE .*\/installation\/token$/, 'GitHub', always('the token is revoked')],
  ['git', /^POST (.*)\/git-upload-pack$/, 'git', (_, [, path]) => `clone of ${path}`],
  ['git', /^POST .*\/git-receive-pack$/, 'git', ({ detail }) => `push of ${refsIn(detail['updates'])}`],
  [
    'model',
    /./,
    'model',
    ({ detail, status }) =>
      status === 200 ? withoutFolders(text(detail['said'])) || undefined : `answered ${status}`,
  ],
  ['s3', /^PUT .*\.patch$/, 'S3', always('the patch is stored: from here the model is never paid again')],
  ['github', /^POST .*\/pulls$/, 'GitHub', ({ status }) => `pull request opened → ${status}`],
  ['github', /^POST .*\/issues\/\d+\/comments$/, 'GitHub', always('our one comment on the thread')],
  ['github', /^PATCH .*\/issues\/comments\/\d+$/, 'GitHub', always('the comment is edited in place')],
];

/** The agent's folder is long and says nothing. */
const withoutFolders = (words: string) => words.replace(/(?:\/[\w.-]+)+\/([\w.-]+)/g, '$1');

const told: Record<string, string> = {
  'tasks.record': 'the task is recorded',
  'deliveries.refuse': 'no task; the reason is recorded',
  'workers.plan': 'who waits, who works?',
  'installations.upsert': 'the installation is recorded',
};

const verbIn = (payload: string): string | undefined => told[/"verb":"([a-z_.]+)"/.exec(payload)?.[1] ?? ''];

const refsIn = (updates: unknown): string =>
  Array.isArray(updates)
    ? updates.map((update: { ref?: unknown }) => text(update.ref).replace('refs/heads/', '')).join(', ')
    : '';

/** undefined for a call that is not worth a line. */
export const tell = (entry: Entry): Line | undefined => {
  for (const [twin, call, where, say] of rows) {
    const match = entry.twin === twin ? call.exec(entry.call) : null;
    const what = match && say(entry, match);
    if (what) return { where, what: printable(what) };
  }
  return undefined;
};
