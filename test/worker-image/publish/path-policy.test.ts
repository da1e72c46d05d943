import { describe, expect, it } from 'vitest';
import { guardedPaths } from '#core/protected-paths.ts';
import { lonelyLockFiles } from '#worker/publish/lock-files.ts';
import type { ChangedPath, PathRules } from '#worker/publish/path-policy.ts';
import { createPathPolicy } from '#worker/publish/path-policy.ts';

const refusalOf = (changed: string | ChangedPath, rules: Partial<PathRules> = {}) =>
  createPathPolicy({ protected: [], allow: [], ...rules })(
    typeof changed === 'string' ? { path: changed, mode: '100644' } : changed,
  );

describe('the path policy', () => {
  it.each([
    '.gitignore',
    'a/workflows/x',
    'a/.github/workflows/x.yml',
    'git',
    'a.git',
    'é/ü 🎉.txt',
    'husky/x',
    'docs/claude.ts',
    '.github/ISSUE_TEMPLATE/bug.yml',
    '.github/dependabot.yml',
    'src/a b.ts',
  ])('lets %s pass', (path) => {
    expect(refusalOf(path)).toBeUndefined();
  });

  it.each([
    '.git',
    'a/.Git',
    '.git.',
    '.git ',
    '.g\u00adit/x',
    '.ｇｉｔ/x',
    'GIT~2/x',
    'a\\.git/x',
    '.git::$INDEX/x',
    'a/../b',
    'a\u202egpj.exe',
    'a\u0007b',
    'a\u3164b',
    'a\nb',
    'a\ufffdb',
  ])('refuses %j in every repository', (path) => {
    expect(refusalOf(path)).toEqual({ path, why: expect.any(String) });
  });

  it.each([
    '.github/workflows/ci.yml',
    '.GITHUB/Workflows/x',
    '.github/workflows',
    '.agent-bot.yml',
    '.Agent-Bot.YAML',
  ])('never opens %s', (path) => {
    expect(refusalOf(path, { allow: everyRow })).toEqual({ path, why: expect.any(String) });
  });

  it.each([
    ['.github/actions/build/action.yml', 'actions'],
    ['tools/action.yaml', 'actions'],
    ['CODEOWNERS', 'codeowners'],
    ['.github/codeowners', 'codeowners'],
    ['docs/CODEOWNERS', 'codeowners'],
    ['a/b/.gitattributes', 'git-attributes'],
    ['.gitmodules', 'submodules'],
    ['.husky/pre-commit', 'git-hooks'],
    ['web/.husky/_/x', 'git-hooks'],
    ['.githooks/post-merge', 'git-hooks'],
    ['.npmrc', 'package-registries'],
    ['packages/a/.NPMRC', 'package-registries'],
    ['.yarnrc.yml', 'package-registries'],
    ['.pnpmrc', 'package-registries'],
    ['pip.conf', 'package-registries'],
    ['.pypirc', 'package-registries'],
    ['.cargo/config', 'package-registries'],
    ['crates/a/.cargo/config.toml', 'package-registries'],
    ['CLAUDE.md', 'agent-instructions'],
    ['packages/a/agents.md', 'agent-instructions'],
    ['.claude/settings.json', 'agent-settings'],
    ['a/.mcp.json', 'agent-settings'],
    ['.devcontainer/devcontainer.json', 'editor-tasks'],
    ['.vscode/tasks.json', 'editor-tasks'],
    ['.ｎｐｍｒｃ', 'package-registries'],
  ] as const)('keeps %s until the policy allows %s', (path, row) => {
    expect(refusalOf(path)).toEqual({ path, why: guardedPaths[row].why, row });
    expect(refusalOf(path, { allow: everyRow.filter((other) => other !== row) })).toMatchObject({ row });
    expect(refusalOf(path, { allow: [row] })).toBeUndefined();
  });

  it('keeps a protected file also from being deleted', () => {
    expect(refusalOf({ path: 'CODEOWNERS', mode: '000000' })).toMatchObject({ row: 'codeowners' });
  });

  it.each(['.husky', '.claude', '.github', '.cargo', 'web/.cargo', 'docs'])(
    'takes no link in place of the folder %s',
    (path) => {
      expect(refusalOf({ path, mode: '120000', linkTarget: 'elsewhere' })).toBeDefined();
      expect(refusalOf({ path: `${path}-x`, mode: '120000', linkTarget: 'elsewhere' })).toBeUndefined();
      expect(refusalOf({ path: `src/${path}-x`, mode: '120000', linkTarget: 'elsewhere' })).toBeUndefined();
    },
  );

  it('takes a link beside a protected file', () => {
    expect(refusalOf({ path: 'docs/latest', mode: '120000', linkTarget: 'v2' })).toBeUndefined();
  });

  it.each(['/etc/passwd', '../../x', 'C:\\x', '..\\..\\x', '.git/config', 'a/../../../x'])(
    'takes no link to %s',
    (linkTarget) => {
      expect(refusalOf({ path: 'a/link', mode: '120000', linkTarget })).toBeDefined();
    },
  );

  it.each([
    ['infra/', ['infra/main.tf', 'a/INFRA/x', 'infra'], ['infrastructure/x', 'infra.ts']],
    ['/infra', ['infra/main.tf'], ['a/infra/x']],
    ['*.pem', ['key.pem', 'a/b/KEY.PEM'], ['pem/x']],
    ['src/**/migrations', ['src/migrations/1.sql', 'src/a/b/migrations/1.sql'], ['migrations/1.sql']],
    ['deploy/*.sh', ['deploy/x.sh'], ['deploy/a/x.sh', 'x/deploy/x.sh']],
  ])('protects what the repository calls %s', (pattern, inside, outside) => {
    const rules = { protected: [pattern] };
    expect(inside.filter((path) => !refusalOf(path, rules))).toEqual([]);
    expect(outside.filter((path) => refusalOf(path, rules))).toEqual([]);
    expect(refusalOf(inside[0] ?? '', { ...rules, allow: everyRow })).toBeDefined();
  });
});

describe('a lock file', () => {
  it.each([
    ['package-lock.json', 'package.json'],
    ['yarn.lock', 'packages/a/package.json'],
    ['web/pnpm-lock.yaml', 'web/package.json'],
    ['poetry.lock', 'pyproject.toml'],
    ['Cargo.lock', 'crates/a/Cargo.toml'],
    ['go.sum', 'go.mod'],
    ['Gemfile.lock', 'thing.gemspec'],
    ['src/packages.lock.json', 'src/Shop.csproj'],
  ])('%s comes with %s', (lock, manifest) => {
    expect(lonelyLockFiles([lock, manifest, 'README.md'])).toEqual([]);
    expect(lonelyLockFiles([lock, 'README.md'])).toEqual([
      { path: lock, why: expect.stringContaining('its manifest did not change'), row: 'lock-files' },
    ]);
  });

  it('is not helped by a manifest elsewhere', () => {
    expect(lonelyLockFiles(['web/package-lock.json', 'api/package.json'])).toHaveLength(1);
    expect(lonelyLockFiles(['Cargo.lock', 'package.json'])).toHaveLength(1);
  });
});

// the keys of a constant; Object.keys says string
const everyRow = Object.keys(guardedPaths) as (keyof typeof guardedPaths)[];
