// What a change by the agent may not touch, and which of it a repository may open (`allow` in .agent-bot.yml). Patterns as in
// .gitignore, none with a slash at its end: a link may take the place of a folder.
export type ProtectedPath = { why: string; patterns: readonly string[] };

/** Closed in every repository: no policy opens these. */
export const closedPaths = [
  {
    why: 'workflows run with the secrets of the repository, and the App has no permission to change them',
    patterns: ['/.github/workflows'],
  },
  {
    why: 'it holds the rules for the agent, which people make',
    patterns: ['/.agent-bot.yml', '/.agent-bot.yaml'],
  },
] as const satisfies readonly ProtectedPath[];

/** Closed until the repository's policy names the row. */
export const guardedPaths = {
  actions: {
    why: 'workflows run it with the secrets of the repository',
    patterns: ['/.github/actions', 'action.yml', 'action.yaml'],
  },
  codeowners: {
    why: 'it decides who has to look at a change',
    patterns: ['/CODEOWNERS', '/.github/CODEOWNERS', '/docs/CODEOWNERS'],
  },
  'git-attributes': {
    why: 'it can hide files from a review, and makes git start programs',
    patterns: ['.gitattributes'],
  },
  submodules: { why: 'git fetches code from the addresses in it', patterns: ['.gitmodules'] },
  'git-hooks': {
    why: 'it runs on the machine of whoever commits or pulls',
    patterns: [
      '.husky',
      '.githooks',
      '.git-hooks',
      '.pre-commit-config.yaml',
      'lefthook.yml',
      '.lefthook.yml',
      '.envrc',
    ],
  },
  'package-registries': {
    why: 'it says where packages come from, and with which programs and credentials',
    patterns: [
      '.npmrc',
      '.yarnrc*',
      '**/.yarn/releases',
      '**/.yarn/plugins',
      '.pnpmrc',
      '.pnpmfile.*',
      'bunfig.toml',
      'pip.conf',
      'pip.ini',
      '.pypirc',
      'uv.toml',
      '**/.cargo/config*',
      '**/.bundle/config',
      '.gemrc',
      'nuget.config',
      '.mvn',
      '**/gradle/wrapper',
      '.netrc',
    ],
  },
  'agent-instructions': {
    why: 'the next agent does what it says',
    patterns: [
      'CLAUDE.md',
      'CLAUDE.local.md',
      'AGENTS.md',
      'AGENTS.override.md',
      'GEMINI.md',
      '.cursorrules',
      '.windsurfrules',
      '/.github/copilot-instructions.md',
      '/.github/instructions',
    ],
  },
  'agent-settings': {
    why: 'it gives agents permissions, hooks and tools',
    patterns: ['.claude', '.claude.json', '.mcp.json', '.cursor', '.windsurf', '.gemini', '.codex'],
  },
  'editor-tasks': {
    why: 'an editor runs it when somebody opens the repository',
    patterns: ['.vscode', '.devcontainer', '.devcontainer.json', '.idea'],
  },
} as const satisfies Record<string, ProtectedPath>;

/** A lock file that changes without its manifest; a row of its own, because it is no matter of the path alone. */
export const lockFilesRow = 'lock-files';

export type Guarded = keyof typeof guardedPaths;
export const allowable = [
  // the keys of a constant; Object.keys says string
  ...(Object.keys(guardedPaths) as Guarded[]),
  lockFilesRow,
] as const;
export type Allowed = (typeof allowable)[number];
