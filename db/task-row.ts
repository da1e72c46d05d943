import type { Task } from '#core/task.ts';
import type { tasks } from './schema.ts';

export type TaskRow = typeof tasks.$inferSelect;

export const toTask = (row: TaskRow): Task => ({
  id: row.id,
  threadKey: row.threadKey,
  thread: row.thread,
  trigger: row.trigger,
  request: row.request,
  lane: row.lane,
  status: row.status,
  step: row.step,
  generation: row.generation,
});
