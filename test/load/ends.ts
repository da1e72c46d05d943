// Where each delivery ended: every 2xx has exactly one such place, and nothing else left anything behind.
import * as z from 'zod';
import type { TaskFacts } from '#test/crash/evidence.ts';
import type { Sent } from './send.ts';

/** What Postgres has of a delivery. */
export type Row = { guid: string; bodySha256: string; taskId: string | null; refusal: string | null };

export const endKinds = ['task ended', 'duplicate', 'refused', 'ignored', 'rejected', 'WRONG'] as const;
export type End = { kind: (typeof endKinds)[number]; text: string };

const answerSchema = z.object({ status: z.string(), reason: z.string().optional() });
const statuses: Record<string, number> = { 'bad signature': 401, 'not JSON': 400, 'too large': 413 };
const finals = new Set(['succeeded', 'failed', 'cancelled', 'timed_out']);

type Known = { rows: readonly Row[]; tasks: readonly TaskFacts[] };

/** In the order of sending. */
export const endsOf = (sent: readonly Sent[], { rows, tasks }: Known): End[] => {
  const byGuid = new Map(rows.map((row) => [row.guid, row]));
  const bySha = new Map(rows.map((row) => [row.bodySha256, row]));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const asks = new Map(sent.map((one) => [one.planned, one]));
  const rowOf = ({ guid, bodySha256 }: Sent) => byGuid.get(guid) ?? bySha.get(bodySha256);

  const endOfQueued = (one: Sent): End => {
    const row = rowOf(one);
    if (!row) return wrong(one, 'was queued and nothing is known of it');
    const { planned } = one;
    if (row.refusal !== null)
      return isBy(planned, 'stranger')
        ? { kind: 'refused', text: row.refusal }
        : wrong(one, `was refused: ${row.refusal}`);
    const task = byId.get(row.taskId ?? '');
    if (!task) return wrong(one, 'has a task that is not there');
    if (!isBy(planned, 'writer')) return wrong(one, `became task ${task.id}`);
    if (!finals.has(task.status)) return wrong(one, `has task ${task.id}, which is ${task.status}`);
    if (!('of' in planned)) return { kind: 'task ended', text: task.status };
    const first = asks.get(planned.of);
    const isProven = first && rowOf(first)?.taskId === task.id;
    return isProven
      ? { kind: 'duplicate', text: planned.kind }
      : wrong(one, 'has another task than its first');
  };
  return sent.map((one) => {
    const { planned, status, answer } = one;
    const expected = statuses[planned.kind];
    if (expected !== undefined) {
      if (status !== expected) return wrong(one, `was answered ${status}, not ${expected}`);
      return byGuid.has(one.guid)
        ? wrong(one, 'was rejected and recorded')
        : { kind: 'rejected', text: `${status}` };
    }
    const said = status === 202 ? answerSchema.safeParse(toJson(answer)).data : undefined;
    if (!said) return wrong(one, `was answered ${status}: ${answer.slice(0, 60)}`);
    if (planned.kind !== 'nothing')
      return said.status === 'queued' ? endOfQueued(one) : wrong(one, `was ${said.status}`);
    return said.status === 'ignored' && said.reason !== undefined
      ? { kind: 'ignored', text: said.reason }
      : wrong(one, `was ${said.status} and asks for nothing`);
  });
};

const isBy = (planned: Sent['planned'], who: 'writer' | 'stranger'): boolean =>
  planned.kind === 'ask' ? planned.by === who : 'of' in planned && planned.of.by === who;

const wrong = ({ planned, guid }: Sent, text: string): End => ({
  kind: 'WRONG',
  text: `${planned.kind} ${guid} ${text}`,
});

const toJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says no
  }
};
