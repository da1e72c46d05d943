// The whole local house for a test file, in a state folder of its own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFaults } from '#local/faults.ts';
import { startHouse } from '#local/house.ts';
import { createJournal } from '#local/journal.ts';
import { startPostgres } from '#local/postgres.ts';

export type LocalHouse = Awaited<ReturnType<typeof startLocalHouse>>;

export const startLocalHouse = async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'agent-bot-house-'));
  chmodSync(stateDir, 0o755); // else the house needs a second folder that other uids can enter
  const [journal, faults, logs] = [createJournal(), createFaults(), [] as string[]];
  const house = await startHouse({
    stateDir,
    startPostgres: () => startPostgres({ stateDir, durable: false }),
    journal,
    faults,
    onStarted: () => {},
    onProcess: () => {},
    onLog: (_, line) => logs.push(line),
  });
  /** What we have written on an issue, oldest first. */
  const ourComments = (issue: number) =>
    house.github
      .repository(house.demo.repository)
      .issues.get(issue)!
      .comments.filter(({ user }) => user.type === 'Bot');
  const close = async () => {
    await house.close();
    rmSync(stateDir, { recursive: true, force: true });
  };
  return { house, journal, faults, logs, stateDir, ourComments, close };
};
