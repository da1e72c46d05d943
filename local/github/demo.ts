// The demo repository: one commit that is the same everywhere, two faults, an issue for each.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GithubTwin } from './twin.ts';

const demoAccounts = {
  owner: 'octo-shop',
  writer: 'demo',
  reader: 'reader',
  stranger: 'stranger',
} as const;

const fullName = `${demoAccounts.owner}/shop`;
const source = join(import.meta.dirname, '..', 'demo', 'shop');

const identity = {
  GIT_AUTHOR_NAME: demoAccounts.writer,
  GIT_AUTHOR_EMAIL: 'demo@users.noreply.example',
  GIT_AUTHOR_DATE: '2026-01-05T09:00:00Z',
  GIT_COMMITTER_NAME: demoAccounts.writer,
  GIT_COMMITTER_EMAIL: 'demo@users.noreply.example',
  GIT_COMMITTER_DATE: '2026-01-05T09:00:00Z',
};

/** Everything but the App's installation: `twin.install` does that, and sends its webhook. */
export const createDemoRepository = async (twin: GithubTwin) => {
  const { owner, writer, reader, stranger } = demoAccounts;
  twin.createAccount(owner, 'Organization');
  for (const login of [writer, reader, stranger]) twin.createAccount(login);
  const repository = await twin.createRepository({
    fullName,
    collaborators: { [writer]: 'write', [reader]: 'read' },
  });
  const headSha = await commitShop(twin, repository.gitDir);
  const open = (title: string, body: string) =>
    twin.openIssue({ repository: fullName, login: writer, title, body }).number;
  return {
    repository: fullName,
    repositoryId: repository.id,
    gitDir: repository.gitDir,
    headSha,
    ...demoAccounts,
    issues: {
      total: open('The total test fails', 'An order costs less with tax than without. `npm test` shows it.'),
      greeting: open(
        'The greeting test fails',
        'We greet customers wrongly. `npm run test:greeting` shows it.',
      ),
    },
  };
};

const commitShop = async ({ git }: GithubTwin, gitDir: string): Promise<string> => {
  const index = join(gitDir, 'demo-index');
  const env = { ...identity, GIT_INDEX_FILE: index };
  const run = async (...args: string[]) => (await git.run(gitDir, args, { env, cwd: source })).trim();
  await run(
    '-c',
    'core.autocrlf=false',
    '-c',
    'core.fileMode=false',
    `--work-tree=${source}`,
    'add',
    '--all',
    '.',
  );
  const tree = await run('write-tree');
  const sha = await run('commit-tree', '-m', 'The shop opens', tree);
  await run('update-ref', 'refs/heads/main', sha);
  await rm(index, { force: true });
  return sha;
};
