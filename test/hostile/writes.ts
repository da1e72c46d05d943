// What the task of a scenario may write, and what it wrote beside that.
import * as z from 'zod';
import type { Entry } from '#local/journal.ts';

type Allowed = {
  repository: string;
  taskId: string | null;
  /** The thread's number. */
  number: number;
  /** Ids of comments of ours. */
  comments: readonly number[];
};

const updatesSchema = z.array(z.object({ ref: z.string(), old: z.string(), new: z.string() }));
const pullSchema = z.object({ head: z.string() });

/** In a line each. */
export const foreignWrites = (entries: readonly Entry[], allowed: Allowed): string[] =>
  entries.flatMap((entry) => {
    if (entry.twin === 'git') return foreignUpdates(entry, allowed);
    if (entry.twin !== 'github' || /^(?:GET|HEAD) /.test(entry.call)) return [];
    return isAllowed(entry, allowed) ? [] : [`${entry.call} → ${entry.status}`];
  });

/** A branch of ours, made anew: nothing is moved, forced, deleted or tagged. */
const foreignUpdates = ({ detail }: Entry, { taskId }: Allowed): string[] =>
  updatesSchema
    .parse(detail['updates'] ?? [])
    .filter(({ ref, old }) => ref !== `refs/heads/agent/${taskId}` || !/^0+$/.test(old))
    .map(({ ref, old, new: to }) => `push of ${ref}: ${old.slice(0, 7)} → ${to.slice(0, 7)}`);

const isAllowed = ({ call, detail }: Entry, { repository, taskId, number, comments }: Allowed): boolean => {
  const [method = '', path = ''] = call.split(' ');
  const within = path.replace(/^\/repos\/[^/]+\/[^/]+/, '');
  const isHere = path.toLowerCase().includes(`/repos/${repository.toLowerCase()}/`);
  switch (method) {
    case 'POST':
      if (/^\/app\/installations\/\d+\/access_tokens$/.test(path)) return true;
      // the sweep asks for a webhook again whose door was too slow, whatever the scenario
      if (/^\/app\/hook\/deliveries\/\d+\/attempts$/.test(path)) return true;
      if (!isHere) return false;
      if (within === `/issues/${number}/comments`) return true;
      if (/^\/issues\/(?:comments\/)?\d+\/reactions$/.test(within)) return true;
      return within === '/pulls' && headOf(detail) === `agent/${taskId}`;
    case 'PATCH':
      return isHere && comments.some((id) => within === `/issues/comments/${id}`);
    case 'DELETE':
      return /^\/installation\/token$/.test(path);
    default:
      return false;
  }
};

const headOf = (detail: Entry['detail']): string | undefined => {
  const body = typeof detail['body'] === 'string' ? JSON.parse(detail['body']) : detail['body'];
  return pullSchema.safeParse(body).data?.head;
};
