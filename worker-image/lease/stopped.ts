const stops = {
  draining: 'the worker was told to stop',
  lease_lost: 'another worker holds the task',
  beats_missed: 'the queue did not take two beats in a row',
  receipt_lost: 'the message went back to the queue',
  database_away: 'Postgres was away for too long',
  stop_asked: 'somebody asked that the task stop',
  frozen: 'an operator froze what the task belongs to',
} as const;
export type Stop = keyof typeof stops;

/** The reason of an aborted job. It is no fault of the job: another worker goes on from the stored step. */
export class StoppedError extends Error {
  override name = 'StoppedError';
  readonly code: Stop;
  /** Who asked for it, where somebody did. */
  readonly by: string | undefined;
  constructor(code: Stop, by?: string) {
    super(stops[code]);
    this.code = code;
    this.by = by;
  }
}

/** Reasons after which the run is saved, because the same task goes on from it. */
export const isSaved = (reason: unknown): reason is StoppedError =>
  reason instanceof StoppedError && (reason.code === 'draining' || reason.code === 'frozen');
