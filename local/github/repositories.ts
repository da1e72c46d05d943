// Makes bare repositories on disk and the memory of them.
import { join } from 'node:path';
import type { Git } from './git.ts';
import { defaultLabels } from './labels.ts';
import type { Repository, Role, World } from './world.ts';

export type RepositoryInput = {
  /** owner/name; both accounts must be there already. */
  fullName: string;
  private?: boolean;
  collaborators?: Record<string, Role>;
};

type Deps = { world: World; git: Git; folder: string };

/** Settings and hooks of every repository. */
const template = join(import.meta.dirname, 'git-template');

export const createRepository = async (
  { world, git, folder }: Deps,
  { fullName, private: isPrivate = true, collaborators = {} }: RepositoryInput,
): Promise<Repository> => {
  const [login = '', name = ''] = fullName.split('/');
  const owner = world.accounts.get(login.toLowerCase());
  if (!owner) throw new Error(`${fullName} has no owner in the twin`);
  if (world.repositories.has(fullName.toLowerCase())) throw new Error(`the twin has ${fullName} already`);
  const id = world.nextId();
  const gitDir = join(folder, `${id}.git`);
  await git.run(gitDir, ['init', '--quiet', '--bare', `--template=${template}`, '--initial-branch=main']);
  const repository: Repository = {
    id,
    owner,
    name,
    fullName,
    private: isPrivate,
    defaultBranch: 'main',
    protectedBranches: ['main'],
    collaborators: new Map(Object.entries(collaborators).map(([user, role]) => [user.toLowerCase(), role])),
    issues: new Map(),
    labels: defaultLabels(world),
    createdAt: world.now(),
    pushedAt: world.now(),
    gitDir,
  };
  world.repositories.set(fullName.toLowerCase(), repository);
  return repository;
};
