// What a job left behind, seen from GitHub's side.
import type { Job } from '#core/job.ts';
import type { WorkerHouse } from './worker-house.ts';

export const lookAt = (house: WorkerHouse) => {
  const issues = () => house.twin.repository(house.demo.repository).issues;
  return {
    /** Our comments on the task's thread; the first one there is the person's. */
    commentsOf: ({ task }: Job) =>
      issues()
        .get(task.thread.number)!
        .comments.filter(({ user }) => user.type === 'Bot'),
    pullsOf: ({ task }: Job) =>
      [...issues().values()].filter(({ pull }) => pull?.headBranch === `agent/${task.id}`),
    branchOf: ({ task }: Job) => house.twin.git.branch(house.demo.gitDir, `agent/${task.id}`),
    git: (...args: string[]) => house.twin.git.run(house.demo.gitDir, args),
    /** Calls that change something on GitHub, whether or not they came through. */
    writes: () =>
      house.journal
        .entries()
        .filter(({ call }) => /^(?:POST|PATCH|PUT|DELETE) /.test(call))
        .filter(({ call }) => !/access_tokens|git-upload-pack|installation\/token/.test(call)),
  };
};

/** A worker leaves nothing on its machine. */
export const assertNothingLeft = async (house: Pick<WorkerHouse, 'leftovers'>): Promise<void> => {
  const left = await house.leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
};

export const aChange = { text: 'do: echo hello > note.txt\nsay: I wrote a note.' };
