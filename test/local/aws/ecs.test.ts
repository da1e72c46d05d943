import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEcs } from '#local/aws/ecs.ts';
import { aHouse, clientOf } from './house.ts';

const nodeRuns = (code: string) => ({
  containers: {
    worker: {
      command: [process.execPath, '-e', code],
      environment: { FROM_DEFINITION: 'yes' },
      cwd: tmpdir(),
    },
  },
});
const stays = 'setTimeout(() => process.exit(9), 20_000); console.log("up");'; // not for ever, should a test lose it
const taskDefinitions = {
  'worker:1': nodeRuns(
    'console.log(JSON.stringify(process.env)); console.error(process.cwd()); process.exit(3)',
  ),
  stays: nodeRuns(`process.on("SIGTERM", () => process.exit(0)); ${stays}`),
  stubborn: nodeRuns(`process.on("SIGTERM", () => console.log("no")); ${stays}`),
  parent: nodeRuns(
    `require("node:child_process").spawn(process.execPath, ["-e", "require('node:net').connect(process.env.PORT)"]);
     process.on("SIGTERM", () => process.exit(0)); ${stays}`,
  ),
  missing: { containers: { worker: { command: ['/no/such/program'], environment: {}, cwd: tmpdir() } } },
};

describe('ecs', () => {
  let house: ReturnType<typeof aHouse>;
  let local: Awaited<ReturnType<typeof startEcs>>;
  let client: ECSClient;
  let lines: string[];
  let pids: number[];
  let wake: () => void;
  let nowMs: number;

  beforeEach(async () => {
    house = aHouse();
    lines = [];
    pids = [];
    wake = () => {};
    nowMs = Date.UTC(2026, 0, 1);
    local = await startEcs({
      ...house,
      taskDefinitions,
      stopTimeoutMs: 300,
      path: '/usr/bin:/bin',
      onLog: (_, line) => {
        lines.push(line);
        wake();
      },
      onStart: (pid) => pids.push(pid),
      now: () => nowMs,
    });
    client = new ECSClient(clientOf(local.url));
  });
  afterEach(async () => {
    client.destroy();
    await local.close();
  });

  const aRun = (more: Partial<RunTaskCommandInput> = {}): RunTaskCommandInput => ({
    cluster: local.clusterArn,
    taskDefinition: 'stays',
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], assignPublicIp: 'ENABLED' } },
    ...more,
  });
  const run = async (more: Partial<RunTaskCommandInput> = {}) => {
    const { tasks = [] } = await client.send(new RunTaskCommand(aRun(more)));
    return tasks[0]!.taskArn!;
  };
  const describeTask = async (taskArn: string) => {
    const answer = await client.send(
      new DescribeTasksCommand({ cluster: local.clusterArn, tasks: [taskArn] }),
    );
    return answer.tasks![0]!;
  };
  const list = async (desiredStatus: 'RUNNING' | 'STOPPED') =>
    (await client.send(new ListTasksCommand({ cluster: local.clusterArn, desiredStatus }))).taskArns;
  const stop = (task: string) =>
    client.send(new StopTaskCommand({ cluster: local.clusterArn, task, reason: 'enough' }));
  const lineThat = async (matches: (line: string) => boolean) => {
    while (!lines.some(matches))
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return lines.find(matches)!;
  };
  const isRunning = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('starts the command with its own environment only, and says how it ended', async () => {
    const containerOverrides = [{ name: 'worker', environment: [{ name: 'WORKER_ID', value: 'w1' }] }];
    const taskArn = await run({ taskDefinition: 'worker:1', overrides: { containerOverrides } });

    expect(await local.stopped(taskArn)).toMatchObject({ exitCode: 3 });
    expect(lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : line))).toEqual(
      expect.arrayContaining([
        { PATH: '/usr/bin:/bin', FROM_DEFINITION: 'yes', WORKER_ID: 'w1' },
        expect.stringContaining(tmpdir()),
      ]),
    );
    expect(await describeTask(taskArn)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      containers: [{ name: 'worker', exitCode: 3 }],
    });
  });

  it('answers before the task runs, and lists it while it does', async () => {
    const { tasks, failures } = await client.send(new RunTaskCommand(aRun()));
    const { taskArn = '', lastStatus } = tasks![0]!;

    expect([lastStatus, failures]).toEqual(['PROVISIONING', []]);
    expect((await describeTask(taskArn)).lastStatus).toBe('RUNNING');
    expect(await list('RUNNING')).toEqual([taskArn]);
    await stop(taskArn);
    await local.stopped(taskArn);
    expect([await list('RUNNING'), await list('STOPPED')]).toEqual([[], [taskArn]]);
  });

  it('asks a task to stop and lets it end by itself', async () => {
    const taskArn = await run();
    await lineThat((line) => line === 'up');

    expect((await stop(taskArn)).task).toMatchObject({ lastStatus: 'STOPPING', desiredStatus: 'STOPPED' });
    expect(await local.stopped(taskArn)).toMatchObject({
      exitCode: 0,
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
    });
  });

  it('kills a task that does not stop in time', async () => {
    const taskArn = await run({ taskDefinition: 'stubborn' });
    await lineThat((line) => line === 'up');
    await stop(taskArn);

    expect(await local.stopped(taskArn)).toMatchObject({ exitCode: 137, stopCode: 'UserInitiated' });
    expect(lines).toContain('no');
  });

  it('ends what a task leaves behind in its process group', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const containerOverrides = [{ name: 'worker', environment: [{ name: 'PORT', value: String(port) }] }];
    const taskArn = await run({ taskDefinition: 'parent', overrides: { containerOverrides } });
    const [grandchild] = (await once(server, 'connection')) as [Socket];
    grandchild.resume();
    await Promise.all([once(grandchild, 'close'), stop(taskArn)]);
    server.close();

    expect(await local.stopped(taskArn)).toMatchObject({ exitCode: 0 });
  });

  it('ends all tasks when it closes', async () => {
    await run();
    await run({ taskDefinition: 'stubborn' });
    await lineThat(() => lines.filter((line) => line === 'up').length === 2);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await local.close();

    expect(pids.map(isRunning)).toEqual([false, false]);
    local = { ...local, close: async () => {} };
  });

  it('tells of a container that cannot be started', async () => {
    const taskArn = await run({ taskDefinition: 'missing' });

    expect(await local.stopped(taskArn)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringContaining('CannotStartContainerError'),
    });
    expect(pids).toEqual([]);
  });

  describe('client tokens', () => {
    it('start one task, however often they come', async () => {
      const taskArn = await run({ clientToken: 'w1' });

      expect(await run({ clientToken: 'w1' })).toBe(taskArn);
      expect(await run({ clientToken: 'w2' })).not.toBe(taskArn);
      expect(pids).toHaveLength(2);
    });

    it('belong to one request', async () => {
      const taskArn = await run({ clientToken: 'w1' });

      await expect(run({ clientToken: 'w1', startedBy: 'another' })).rejects.toMatchObject({
        name: 'ConflictException',
        resourceIds: [taskArn],
      });
    });

    it('are forgotten after 24 hours', async () => {
      const taskArn = await run({ clientToken: 'w1' });
      nowMs += 24 * 60 * 60 * 1000 - 1;
      expect(await run({ clientToken: 'w1' })).toBe(taskArn);
      nowMs += 1;

      expect(await run({ clientToken: 'w1' })).not.toBe(taskArn);
    });

    it('are forgotten an hour after their task stopped', async () => {
      const taskArn = await run({ clientToken: 'w1', taskDefinition: 'worker:1' });
      await local.stopped(taskArn);
      nowMs += 60 * 60 * 1000;

      expect(await run({ clientToken: 'w1', taskDefinition: 'worker:1' })).not.toBe(taskArn);
    });
  });

  it.each<[string, Partial<RunTaskCommandInput>, string]>([
    ['an unknown task definition', { taskDefinition: 'none:1' }, 'ClientException'],
    ['an unknown cluster', { cluster: 'other' }, 'ClusterNotFoundException'],
    ['no network', { networkConfiguration: undefined }, 'InvalidParameterException'],
    [
      'no subnet',
      { networkConfiguration: { awsvpcConfiguration: { subnets: [] } } },
      'InvalidParameterException',
    ],
    ['another launch type', { launchType: 'EC2' }, 'InvalidParameterException'],
    ['two at once', { count: 2 }, 'InvalidParameterException'],
    [
      'an override of another container',
      { overrides: { containerOverrides: [{ name: 'side' }] } },
      'InvalidParameterException',
    ],
  ])('refuses %s', async (_, more, name) => {
    await expect(run(more)).rejects.toMatchObject({ name });
    expect(pids).toEqual([]);
  });

  it('can be without capacity, which is no error', async () => {
    const body = JSON.stringify({
      tasks: [],
      failures: [{ reason: 'Capacity is unavailable at this time.' }],
    });
    house.faults.inject({ call: /^RunTask$/, fault: { kind: 'answer', status: 200, body } });
    const { tasks, failures } = await client.send(new RunTaskCommand(aRun()));

    expect(tasks).toEqual([]);
    expect(failures).toEqual([{ reason: 'Capacity is unavailable at this time.' }]);
  });

  it('says which tasks it does not know', async () => {
    const { failures } = await client.send(
      new DescribeTasksCommand({ cluster: local.clusterArn, tasks: ['nobody'] }),
    );

    expect(failures).toEqual([{ arn: 'nobody', reason: 'MISSING' }]);
    await expect(stop('nobody')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('writes each state of a task into the journal', async () => {
    const taskArn = await run({ taskDefinition: 'worker:1' });
    await local.stopped(taskArn);

    const states = house.journal.entries().filter(({ call }) => call.startsWith('task '));
    expect(states).toMatchObject([
      { twin: 'ecs', call: 'task RUNNING', detail: { taskArn } },
      { twin: 'ecs', call: 'task STOPPED', status: 3, detail: { taskArn } },
    ]);
  });
});
