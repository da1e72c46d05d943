// What an agent says when it would like something to be done beside its change, and what the twin has of it then.
import type { Intents } from '#core/intents.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { commitFiles } from './commit-files.ts';

const fence = '```';

export const answerWith = (words: string, block: Intents | Record<string, unknown>): string =>
  `${words}\n\n${fence}agent-bot\n${JSON.stringify(block)}\n${fence}`;

/** A line for the stand-in CLI, in letters that nothing on the way to it changes. */
export const sayLine = (answer: string): string =>
  `do: say=$(printf %s ${Buffer.from(JSON.stringify(answer).slice(1, -1)).toString('base64')} | base64 -d)`;

export const oldFile = Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`).join('');
/** Of thirty lines the tenth is another one, and there is one more after the twentieth. */
export const newFile = oldFile.replace('line 10\n', 'the tenth\n').replace('line 20\n', 'line 20\nanother\n');

let count = 0;
/** A person's pull request that changes `long.txt` as above, on a base with this policy. */
export const aPullToReview = async (
  house: Pick<House, 'twin' | 'demo' | 'folder'>,
  { policy = '', fork = false }: { policy?: string; fork?: boolean } = {},
) => {
  count += 1;
  const [baseBranch, headBranch] = [`review-base-${count}`, `review-head-${count}`];
  const baseSha = await commitFiles(house, {
    files: { 'long.txt': oldFile, ...(policy !== '' && { '.agent-bot.yml': policy }) },
    branch: baseBranch,
  });
  const headSha = await commitFiles(house, {
    parent: baseSha,
    files: { 'long.txt': newFile },
    ...(!fork && { branch: headBranch }),
  });
  const { number } = await house.twin.openPullRequest({
    repository: house.demo.repository,
    login: house.demo.writer,
    title: 'another tenth line',
    headBranch,
    baseBranch,
    ...(fork && { fork: { owner: house.demo.stranger, sha: headSha } }),
  });
  const issue = house.twin.repository(house.demo.repository).issues.get(number);
  if (!issue?.pull) throw new Error('the twin lost the pull request');
  return { number, headBranch, baseSha, headSha, issue, pull: issue.pull };
};
