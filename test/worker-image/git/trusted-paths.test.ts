import { describe, expect, it } from 'vitest';
import { isTrustedPath } from '#worker/git/trusted-paths.ts';

describe('what is taken from the base branch', () => {
  it.each([
    'CLAUDE.md',
    'claude.MD',
    'CLAUDE.local.md',
    'AGENTS.md',
    'deep/er/CLAUDE.md',
    '.claude',
    '.claude/settings.json',
    '.Claude/agents/x.md',
    'lib/.claude/settings.json',
    '.mcp.json',
    '.claude.json',
    '.husky',
    '.husky/pre-commit',
    '.githooks/x',
    '.ripgreprc',
    '.gitmodules',
    '.gitattributes',
    'lib/.gitattributes',
    '.lfsconfig',
    '.envrc',
    '.npmrc',
    '.yarnrc.yml',
    '.pnpmfile.cjs',
    'pip.conf',
    '.cargo/config.toml',
    '.yarn/releases/x.cjs',
    'web/.yarn/releases/x.cjs',
    '../.npmrc',
    '.cursor/rules/x.mdc',
    '.github/copilot-instructions.md',
    '.github/instructions/x.md',
    '.agent-bot.yml',
    '.vscode/tasks.json',
    '.devcontainer/devcontainer.json',
    'ＣLAUDE.md',
    'CLAUDE.md\u200c',
    '.clau\u200bde/settings.json',
    'CLAUDE.md.',
    'CLAUDE.md/x',
  ])('is %s', (path) => {
    expect(isTrustedPath(path)).toBe(true);
  });

  it.each([
    'src/claude.ts',
    'docs/my-CLAUDE.md',
    'CLAUDE.md.txt',
    'x.mcp.json',
    '.github/workflows/ci.yml',
    'CODEOWNERS',
    'gradle/wrapper/gradle-wrapper.jar',
    '.github/x.yml',
    'lib/.agent-bot.yml',
  ])('is not %s', (path) => {
    expect(isTrustedPath(path)).toBe(false);
  });
});
