// What is published, weakened.
import { inWorker } from './edits.ts';
import type { Mutant } from './mutant.ts';

export const publisherMutants: readonly Mutant[] = [
  {
    id: 'closed-paths',
    says: 'workflows and the like can be changed',
    edits: [
      inWorker('publish/path-policy.ts', '    ...closedPaths.map((rule) => toRule(rule)),\n', ''),
      inWorker('publish/path-policy.ts', 'import { closedPaths, guardedPaths }', 'import { guardedPaths }'),
    ],
    scenarios: ['workflow', 'policy-file'],
  },
  {
    id: 'guarded-paths',
    says: 'hooks, attributes and package managers can be set',
    edits: [
      inWorker(
        'publish/path-policy.ts',
        '.filter(([row]) => !allow.includes(row))',
        '.filter(([row]) => allow.includes(row))',
      ),
    ],
    scenarios: ['hooks', 'npmrc', 'attributes'],
  },
  {
    id: 'links',
    says: 'links may lead anywhere',
    edits: [
      inWorker(
        'publish/path-policy.ts',
        'if (linkTarget !== undefined && leavesTree(segments.length - 1, linkTarget))',
        'if (linkTarget !== undefined && leavesTree(-1_000, linkTarget) && path === "")',
      ),
    ],
    scenarios: ['link-out'],
  },
  {
    id: 'names',
    says: 'names may hold what nobody sees',
    edits: [
      inWorker(
        'publish/path-policy.ts',
        "    return 'its name holds characters that cannot be seen';",
        "    return path === '' ? 'empty' : undefined;",
      ),
    ],
    scenarios: ['unseen-names'],
  },
  {
    id: 'collisions',
    says: 'two paths may be one on some disks',
    edits: [
      inWorker(
        'publish/judge-change.ts',
        '    ...(await collidingPaths(git, change.tree, kept)),\n',
        '    ...(await collidingPaths(git, change.tree, kept)).slice(1_000),\n',
      ),
    ],
    scenarios: ['case-twin'],
  },
  {
    id: 'lock-files',
    says: 'lock files change without their manifest',
    edits: [
      inWorker(
        'publish/judge-change.ts',
        'policy.allow.includes(lockFilesRow) ? [] : lonelyLockFiles(paths)',
        'policy.allow.includes(lockFilesRow) ? lonelyLockFiles(paths) : []',
      ),
    ],
    scenarios: ['lock-file-only'],
  },
  {
    id: 'sizes',
    says: 'a change may be as large as it likes',
    edits: [inWorker('publish/judge-change.ts', 'const maxFiles = 300;', 'const maxFiles = 300_000;')],
    scenarios: ['many-files'],
  },
  {
    id: 'secrets-in-files',
    says: 'nobody looks for secrets in the change',
    edits: [
      inWorker(
        'publish/patch-secrets.ts',
        'if (leaks.length === 0) return undefined;',
        'if (leaks.length >= 0) return undefined;',
      ),
    ],
    scenarios: ['in-a-file', 'in-a-file-base64'],
  },
  {
    id: 'redaction',
    says: 'secrets stand in what is written down as they are',
    edits: [
      {
        file: 'core/redact.ts',
        from: 'text: (text) => replaced(text, spans(text)),',
        to: 'text: (text) => text,',
      },
      { file: 'core/redact.ts', from: '=> mapTexts(value, clean);', to: '=> value;' },
    ],
    scenarios: ['told', 'told-base64'],
  },
  {
    id: 'orders',
    says: "the agent's words give orders where they are published",
    edits: [
      { file: 'core/text.ts', from: '.replace(/[@#](?=[\\p{L}\\p{N}_-])/gu, (mark) => mark + gap)', to: '' },
    ],
    scenarios: ['orders'],
  },
  {
    id: 'pictures',
    says: 'pictures call home',
    edits: [{ file: 'core/text.ts', from: '.replace(/!(?=\\[)/g, (mark) => mark + gap)', to: '' }],
    scenarios: ['beacons'],
  },
  {
    id: 'suggestions',
    says: 'a comment on a line suggests a change that one click commits',
    edits: [
      {
        file: 'core/text.ts',
        from: '.replace(/[`~]{3,}[^\\n]*/g, (fence) => fence.replace(/&|suggestio(?=n)/giu, splitWord))',
        to: '',
      },
    ],
    scenarios: ['review-suggestions'],
  },
  {
    id: 'labels',
    says: 'the agent puts any label of the repository',
    edits: [
      inWorker(
        'steps/carry-out.ts',
        'known: allowed.find((one) => isSame(one, name))',
        'known: allowed.find((one) => isSame(one, name)) ?? name',
      ),
    ],
    scenarios: ['labels-not-named', 'labels-of-the-head'],
  },
  {
    id: 'review-keys',
    says: 'a review may ask for more than comments',
    edits: [
      {
        file: 'core/intents.ts',
        from: 'const reviewSchema = z.strictObject(',
        to: 'const reviewSchema = z.looseObject(',
      },
    ],
    scenarios: ['review-approves'],
  },
  {
    id: 'unseen',
    says: 'what cannot be seen is published as it is',
    edits: [
      {
        file: 'core/text.ts',
        from: "    .replace(/[\\p{Cc}\\p{Cf}\\u2028\\u2029]/gu, (char) =>\n      char === '\\n' || char === '\\t' ?",
        to: "    .replace(/[\\p{Cc}\\p{Cf}\\u2028\\u2029]/gu, (char) =>\n      char !== '' ?",
      },
    ],
    scenarios: ['unseen-words'],
  },
  {
    id: 'held-ci',
    says: "the customer's CI starts by itself",
    edits: [
      inWorker(
        'steps/steps.ts',
        "const isCiHeld = policy.ci === 'ask';",
        "const isCiHeld = policy.ci !== 'ask';",
      ),
    ],
    scenarios: ['pull-request-settings'],
  },
];
