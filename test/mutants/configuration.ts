// What decides the agent's settings and what it is told, weakened.
import { inWorker } from './edits.ts';
import type { Mutant } from './mutant.ts';

export const configurationMutants: readonly Mutant[] = [
  {
    id: 'settings',
    says: "the repository's settings are read",
    edits: [inWorker('claude/claude.ts', "  '--setting-sources=',\n", '')],
    scenarios: ['project-settings'],
  },
  {
    id: 'attachments',
    says: 'files that a request names are attached to it',
    edits: [
      inWorker(
        'claude/claude.ts',
        "  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1', // else `@/path` in the request becomes the file's content\n",
        '',
      ),
    ],
    scenarios: ['attachments'],
  },
  {
    id: 'head-configures',
    says: "a pull request's head brings its own settings",
    edits: [
      inWorker(
        'git/restore-trusted.ts',
        'if (changes.length === 0) return',
        'if (changes.length >= 0) return',
      ),
    ],
    scenarios: ['pull-request-settings'],
  },
  {
    id: 'head-instructs',
    says: "a pull request's head brings its own CLAUDE.md",
    edits: [
      inWorker(
        'steps/gather-briefing.ts',
        'readConventions(git, base.sha)',
        'readConventions(git, head?.sha ?? base.sha)',
      ),
    ],
    scenarios: ['pull-request-settings'],
  },
  {
    id: 'forks',
    says: 'what is written in a fork is published',
    edits: [
      inWorker(
        'steps/decide.ts',
        'if (facts.head?.isFork) return analysisOnly',
        'if (facts.head?.isFork && facts.branch) return analysisOnly',
      ),
    ],
    scenarios: ['fork'],
  },
  {
    id: 'hidden-text',
    says: 'hidden text reaches the model as it is',
    edits: [
      {
        file: 'core/visible-text.ts',
        from: '.replace(unseen, (char) => (char ===',
        to: ".replace(unseen, (char) => (char !== '' || char ===",
      },
    ],
    scenarios: ['hidden-text'],
  },
];
