// A Postgres that can be cut down and started again where it was.
import type { StartedPostgres } from '#local/postgres.ts';
import { startPostgres } from '#local/postgres.ts';

export const startMortalPostgres = async (stateDir: string, onProcess: (pid: number) => void) => {
  const start = async (port?: number) => {
    const started = await startPostgres({ stateDir, durable: true, ...(port !== undefined && { port }) });
    if (started.pid !== undefined) onProcess(started.pid);
    return started;
  };
  let current: StartedPostgres = await start();
  /** As if the power failed: nothing is rolled back or written any more. */
  const cutDown = async () => {
    if (current.pid !== undefined) process.kill(current.pid, 'SIGQUIT');
    await current.close();
  };
  const getUp = async () => {
    current = await start(current.port);
  };
  return { postgres: { ...current, close: () => current.close() }, cutDown, getUp };
};
