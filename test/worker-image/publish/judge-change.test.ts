import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '#core/policy.ts';
import { defaultPolicy } from '#core/policy.ts';
import type { Publishing } from '#test/support/publishing.ts';
import { aClone, newFile, startPublishing } from '#test/support/publishing.ts';
import type { GitHouse } from '#test/support/worker-git.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import type { ChangeRules, FindSecrets } from '#worker/publish/judge-change.ts';

let git: GitHouse;
let commit: Publishing['commit'];
beforeAll(async () => {
  git = await startGitHouse();
  ({ commit } = await startPublishing(git));
});
afterAll(() => git.close());

describe('a change that may not be published', () => {
  const detailOf = async (patch: string, rules: Partial<ChangeRules> = {}) => {
    const committed = await commit(patch, { rules: { policy: defaultPolicy, ...rules } });
    return committed.kind === 'refused' ? committed.detail : committed.kind;
  };
  const under = (changes: Partial<Policy>): Partial<ChangeRules> => ({
    policy: { ...defaultPolicy, ...changes },
  });
  const filesOf = (count: number, name = 'file') =>
    Array.from({ length: count }, (_, at) => newFile(`${name}-${at}`)).join('');

  it('is told with everything that stands against it, and with what people can open', async () => {
    const patch = ['.github/workflows/ci.yml', '.npmrc', 'CODEOWNERS', 'note.txt'].map((path) =>
      newFile(path),
    );
    expect((await detailOf(patch.join(''))).split('\n')).toEqual([
      expect.stringMatching(/^- \.github\/workflows\/ci\.yml: workflows run with the secrets/),
      expect.stringMatching(/^- \.npmrc: it says where packages come from/),
      expect.stringMatching(/^- CODEOWNERS: it decides who has to look at a change/),
      'If the agent is to make such changes here, people write into .agent-bot.yml: allow: [package-registries, codeowners]',
    ]);
  });

  it('is told with ten faults at most, and how many more there are', async () => {
    const patch = Array.from({ length: 13 }, (_, at) => newFile(`${at}/.npmrc`)).join('');
    const lines = (await detailOf(patch)).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[10]).toBe('- and 3 more');
  });

  it('is one of more files than the cap, ours or a lower one of the policy', async () => {
    expect(await detailOf(filesOf(300))).toBe('committed');
    expect(await detailOf(filesOf(301))).toBe('- it changes 301 files; 300 are the most');
    expect(await detailOf(filesOf(3), under({ caps: { maxFiles: 2 } }))).toBe(
      '- it changes 3 files; 2 are the most',
    );
    expect(await detailOf(filesOf(301), under({ caps: { maxFiles: 1_000 } }))).toContain('300 are the most');
  });

  it('is one of more bytes than the cap', async () => {
    const patch = newFile('note.txt', { text: 'x'.repeat(1_000) });
    expect(await detailOf(patch, under({ caps: { maxBytes: 1_000 } }))).toBe(
      `- it is a patch of ${patch.length} bytes; 1000 are the most`,
    );
    expect(await detailOf(patch, under({ caps: { maxBytes: 2_000 } }))).toBe('committed');
  });

  it('is one of a path that the policy protects, unless nothing of it is touched', async () => {
    const rules = under({ protected: ['infra/'] });
    expect(await detailOf(newFile('infra/main.tf'), rules)).toBe(
      '- infra/main.tf: the policy of this repository protects it',
    );
    expect(await detailOf(newFile('src/main.tf'), rules)).toBe('committed');
  });

  it('may be published where the policy opens what it touches', async () => {
    expect(await detailOf(newFile('AGENTS.md'))).toContain('the next agent does what it says');
    expect(await detailOf(newFile('AGENTS.md'), under({ allow: ['agent-instructions'] }))).toBe('committed');
  });

  it.each([
    ['Total.js', 'total.js'],
    ['TOTAL.JS/x', 'total.js'],
    ['ｔotal.js', 'total.js'],
  ])('is one of %s beside %s, which a disk that folds case takes for one', async (path, theirs) => {
    const mine = path.split('/')[0] ?? '';
    expect(await detailOf(newFile(path))).toBe(
      `- ${mine}: on a disk that folds case it is one with ${theirs}`,
    );
  });

  it('is one of two new files that are one to such a disk', async () => {
    expect(await detailOf(newFile('notes/a') + newFile('Notes/b'))).toContain('it is one with');
  });

  it('may give a file a name in other letters', async () => {
    const work = await aClone(git);
    await work.git('mv', 'README.md', 'readme.md');
    expect(await commit(await work.diff())).toMatchObject({ kind: 'committed' });
  });

  it('is one of a lock file alone, unless the policy allows that', async () => {
    expect(await detailOf(newFile('package-lock.json'))).toContain('its manifest did not change');
    expect(await detailOf(newFile('package-lock.json'), under({ allow: ['lock-files'] }))).toBe('committed');
    expect(await detailOf(newFile('web/package-lock.json') + newFile('web/package.json'))).toBe('committed');
  });

  it('is one with a link longer than any', async () => {
    const path = newFile('link', { mode: '120000', text: 'x/'.repeat(3_000) });
    expect(await detailOf(path)).toContain('a link that leads out');
  });

  it('is one that adds a secret, told beside the rest', async () => {
    const findSecrets: FindSecrets = async (bare, { baseSha, tree }) =>
      (await bare.run(['diff', baseSha, tree])).includes('+hunter2') ? 'x.txt:1: a password' : undefined;
    expect(await detailOf(newFile('x.txt', { text: 'hunter2' }), { findSecrets })).toBe(
      'x.txt:1: a password',
    );
    const both = newFile('.npmrc') + newFile('x.txt', { text: 'hunter2' });
    expect(await detailOf(both, { findSecrets })).toMatch(/^- \.npmrc: .*\n[^]*\nx\.txt:1: a password$/);
    expect(await detailOf(newFile('x.txt'), { findSecrets })).toBe('committed');
  });
});
