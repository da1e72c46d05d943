// Which files of a pull request the agent does not get as its author wrote them: what a tool obeys by its mere presence.
import { canonicalPath } from './canonical-path.ts';

/** The whole folder below such a name, at any depth. */
const folders = [
  '.claude',
  '.cursor',
  '.windsurf',
  '.gemini',
  '.codex',
  '.husky',
  '.githooks',
  '.git-hooks',
  '.vscode',
  '.devcontainer',
  '.idea',
  '.bundle',
  '.cargo',
  '.mvn',
];

/** At any depth, because each tool looks beside what it works on and above it. */
const files = [
  'claude.md',
  'claude.local.md',
  'agents.md',
  'agents.override.md',
  'gemini.md',
  '.claude.json',
  '.mcp.json',
  '.cursorrules',
  '.windsurfrules',
  '.gitmodules',
  '.gitattributes',
  '.lfsconfig',
  '.ripgreprc',
  '.rgignore',
  '.envrc',
  '.npmrc',
  '.pnpmrc',
  '.pypirc',
  '.netrc',
  '.gemrc',
  '.bazelrc',
  'pip.conf',
  'pip.ini',
  'uv.toml',
  'bunfig.toml',
  'nuget.config',
  '.pre-commit-config.yaml',
  '.devcontainer.json',
  'lefthook.yml',
  '.lefthook.yml',
];
const patterns = [/^\.yarnrc/, /^\.pnpmfile\./];

/** From the root. */
const paths = [
  '.agent-bot.yml',
  '.agent-bot.yaml',
  '.github/copilot-instructions.md',
  '.github/instructions',
  '.yarn/releases',
  '.yarn/plugins',
];

/** True for a path that is taken from the base branch, whatever is there: a file, a link or a folder. */
export const isTrustedPath = (path: string): boolean => {
  const whole = canonicalPath(path);
  const segments = whole.split('/');
  return (
    segments.some((segment) => names.has(segment) || patterns.some((pattern) => pattern.test(segment))) ||
    paths.some((trusted) => whole === trusted || whole.startsWith(`${trusted}/`))
  );
};

const names = new Set([...folders, ...files]);
