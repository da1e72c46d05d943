import type { Refused } from './errors.ts';
import { orRefused, unlessStatus } from './errors.ts';
import type { GithubClient } from './octokit.ts';
import { ownerAndRepo } from './repository.ts';

export type LabelsInput = {
  repository: string;
  /** Of the issue or pull request. */
  number: number;
  names: readonly string[];
  /** Before the write: throws when it is not ours to make any more. */
  hold: () => Promise<void>;
};

/** `added` are on the thread now; `missing` are no labels of the repository. */
export type Labelled = { kind: 'labelled'; added: string[]; missing: string[] } | Refused;

/** Only ever adds, and only labels that are there: GitHub would make the others. https://docs.github.com/en/rest/issues/labels */
export const addLabels = (octokit: GithubClient, input: LabelsInput): Promise<Labelled> =>
  orRefused(async () => {
    const { repository, number, names, hold } = input;
    const found = await Promise.all(names.map((name) => findLabel(octokit, { repository, name })));
    const added = found.filter((name) => name !== undefined);
    const missing = names.filter((_, index) => found[index] === undefined);
    if (added.length > 0) {
      await hold();
      await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
        ...ownerAndRepo(repository),
        issue_number: number,
        labels: added,
      });
    }
    return { kind: 'labelled', added, missing };
  });

/** As the repository spells it. */
const findLabel = (
  octokit: GithubClient,
  { repository, name }: { repository: string; name: string },
): Promise<string | undefined> =>
  unlessStatus([404], async () => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/labels/{name}', {
      ...ownerAndRepo(repository),
      name,
    });
    return data.name;
  });
