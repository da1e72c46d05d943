// The labels of a repository: those that GitHub gives every new one, and those that were made since.
import type { Label, Repository, World } from './world.ts';

const given = [
  ['bug', 'd73a4a', "Something isn't working"],
  ['documentation', '0075ca', 'Improvements or additions to documentation'],
  ['enhancement', 'a2eeef', 'New feature or request'],
  ['question', 'd876e3', 'Further information is requested'],
] as const;

export const defaultLabels = ({ nextId }: World): Label[] =>
  given.map(([name, color, description]) => ({ id: nextId(), name, color, description, isDefault: true }));

/** Names know no case. */
export const findLabel = ({ labels }: Repository, name: string): Label | undefined =>
  labels.find((label) => label.name.toLowerCase() === name.toLowerCase());

/** As GitHub does it: a name that is no label yet becomes one. */
export const findOrMakeLabel = (world: World, repository: Repository, name: string): Label => {
  const found = findLabel(repository, name);
  if (found) return found;
  const made = { id: world.nextId(), name, color: 'ededed', description: '', isDefault: false };
  repository.labels.push(made);
  return made;
};
