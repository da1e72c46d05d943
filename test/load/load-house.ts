// The house under load: strict queues on a running clock, a mortal Postgres, several workers side by side. Not the crash
// house: that one buries a dead worker by ending every agent on the machine, which is right only for one worker at a time.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ECSClient } from '@aws-sdk/client-ecs';
import { createLauncher } from '#core/aws/ecs.ts';
import { startTaskStoppedRule } from '#local/aws/event-rule.ts';
import { credentials, region } from '#local/aws/names.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { createClock } from '#local/clock.ts';
import { createFaults } from '#local/faults.ts';
import { workerContainer, workerTaskDefinition } from '#local/house-worker.ts';
import { startHouse } from '#local/house.ts';
import { createJournal } from '#local/journal.ts';
import { folderInReach, programInReach } from '#local/reach.ts';
import { bundleWorker } from '#test/crash/bundle.ts';
import { letGo, startLine } from '#test/crash/line-server.ts';
import { startMortalPostgres } from '#test/crash/mortal-postgres.ts';
import { createPass, createQuery } from '#test/crash/passing-time.ts';
import { createRest } from './rest.ts';

export type LoadHouse = Awaited<ReturnType<typeof startLoadHouse>>;

type Options = { stateDir: string; onProcess: (pid: number) => void };

export const startLoadHouse = async ({ stateDir, onProcess }: Options) => {
  const place = folderInReach(stateDir);
  const cli = installCli(join(place, 'cli'));
  const line = await startLine(join(place, 'harness.sock'));
  const worker = await bundleWorker(place);
  const mortal = await startMortalPostgres(stateDir, onProcess);
  const clock = createClock();
  const journal = createJournal();
  const logs: string[] = [];
  const house = await startHouse({
    stateDir,
    startPostgres: () => Promise.resolve(mortal.postgres),
    journal,
    faults: createFaults(),
    onStarted: () => {},
    onProcess,
    onLog: (source, text) => logs.push(`${source} | ${text}`),
    instead: {
      startQueues: (options) => startStrictQueues({ ...options, clock }),
      claudeBinary: cli.binary,
      worker: {
        // each has a machine of its own elsewhere: here they must not take the processor from the door
        command: ['nice', '-n', '10', programInReach(process.execPath, place), worker],
        environment: { CRASH_HARNESS: line.path, IDLE_SECONDS: '3' },
      },
      isTimeless: true,
    },
  });
  const query = createQuery({ ...house.postgres });
  const reconcile = (event: unknown) => house.functions.invoke('reconcile', event);
  const rule = startTaskStoppedRule({ journal, invoke: reconcile });
  const workers = watchWorkers(line);
  const launching = createLaunching(house.ecs);
  return {
    ...house,
    journal,
    logs,
    cli,
    line,
    mortal,
    query,
    workers,
    rest: createRest({ journal, hasWorkers: () => workers.living().length > 0 }),
    pass: createPass(clock, query),
    /** As the schedule would, every minute. */
    tick: () => reconcile({}),
    /** A worker that nobody planned, as a warm one would be. */
    launchWorker: launching.launch,
    close: async () => {
      await rule.close();
      launching.close();
      await house.close();
      await line.close();
    },
  };
};

const createLaunching = ({ url, clusterArn }: { url: string; clusterArn: string }) => {
  const ecs = new ECSClient({ endpoint: url, region, credentials });
  const launcher = createLauncher(ecs, {
    cluster: clusterArn,
    taskDefinition: workerTaskDefinition,
    container: workerContainer,
    subnets: ['subnet-local'],
    securityGroups: [],
  });
  const planned = { laneOrder: ['normal', 'high', 'low'], capacity: 'on_demand' } as const;
  return {
    launch: () =>
      launcher.launch({ ...planned, laneOrder: [...planned.laneOrder], workerId: crypto.randomUUID() }),
    close: () => ecs.destroy(),
  };
};

type Worker = { pid: number; gone: Promise<void> };

/** Those that are there now, in the order of their coming; and how many tasks they brought to an end. */
const watchWorkers = (line: Awaited<ReturnType<typeof startLine>>) => {
  const living = new Set<Worker>();
  let ended = 0;
  line.follow({
    onPoint: ({ when, call, answer }) => {
      if (when === 'after' && call.startsWith('tasks.finish ') && answer === 'true') ended += 1;
      return Promise.resolve();
    },
    onWorker: (caught) => {
      // one that is killed may leave its line with an error: gone it is all the same
      const worker = { pid: caught.pid, gone: caught.gone.catch(() => {}) };
      living.add(worker);
      void worker.gone.then(() => living.delete(worker));
      return letGo.onWorker(caught);
    },
  });
  return { living: (): readonly Worker[] => [...living], endedTasks: () => ended };
};

const installCli = (folder: string) => {
  const notes = join(folder, 'notes');
  mkdirSync(notes, { recursive: true });
  chmodSync(notes, 0o777); // whatever the umask: it runs under the agent's uid
  const binary = join(folder, 'claude');
  copyFileSync(new URL('../crash/claude.sh', import.meta.url), binary);
  chmodSync(binary, 0o755);
  const runs = join(notes, 'runs');
  writeFileSync(runs, '');
  chmodSync(runs, 0o666);
  return { binary, countRuns: () => readFileSync(runs, 'utf8').split('\n').length - 1 };
};
