// The house in which requests are hostile: the real CLI, and a model that does whatever the scenario says.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFaults } from '#local/faults.ts';
import type { House } from '#local/house.ts';
import { startHouse } from '#local/house.ts';
import { randomSecret } from '#local/house-secrets.ts';
import { createJournal } from '#local/journal.ts';
import type { Conversation, Script, ToolStep } from '#local/model/conversation.ts';
import type { ModelTurn } from '#local/model/messages-api.ts';
import { startPostgres } from '#local/postgres.ts';
import { readModelKey } from '#test/crash/secrets.ts';
import type { DockerEnvironment } from './containers.ts';
import { containerWorker } from './containers.ts';
import type { Place } from './scenario.ts';

export type HostileHouse = Awaited<ReturnType<typeof startHostileHouse>>;

type Options = {
  onProcess?: (pid: number) => void;
  /** Workers are containers of this image. */
  container?: { image: string; docker: DockerEnvironment };
};

export const startHostileHouse = async ({ onProcess = () => {}, container }: Options = {}) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'hostile-')); // short: a socket's path has about a hundred bytes
  chmodSync(stateDir, 0o755); // Postgres's and the agent's uid pass through
  const sentinels = join(stateDir, 'sentinels');
  mkdirSync(sentinels);
  chmodSync(sentinels, 0o777); // whatever the umask
  const planted = plant(stateDir);
  const obeying = createObeyingModel();
  const [journal, faults, logs] = [createJournal(), createFaults(), [] as string[]];
  const containers =
    container &&
    containerWorker({
      ...container,
      environment: planted.environment,
      mounts: [
        { path: sentinels, isWritable: true },
        { path: planted.guardedFile, isWritable: false },
      ],
    });
  const started = await startPostgres({ stateDir, durable: false });
  const house = await startHouse({
    stateDir,
    startPostgres: () => Promise.resolve(started),
    journal,
    faults,
    onStarted: () => {},
    onProcess,
    onLog: (source, text) => logs.push(`${source} | ${text}`),
    instead: {
      script: obeying.script,
      worker: containers ?? { environment: planted.environment },
    },
  });
  const tokens = new Set<string>();
  journal.listen(({ call }) => {
    if (call.endsWith('/access_tokens')) for (const token of house.github.liveTokens()) tokens.add(token);
  });
  const modelKey = await readModelKey(house.surroundings);
  const place: Place = {
    sentinels,
    guardedFile: planted.guardedFile,
    stateDir: containers?.stateDir ?? house.place.stateDir,
    ports: portsOf(house),
    secret: modelKey,
  };
  return {
    ...house,
    place: { ...house.place, ...(containers && { agentUids: containers.agentUids }) },
    journal,
    faults,
    logs,
    stateDir,
    attackerKnows: place,
    obey: obeying.obey,
    planted: planted.secrets,
    modelKey,
    superuser: started.superuser,
    minted: () => [...tokens],
    close: async () => {
      await house.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};

/** Secrets as they lie on Fargate: in the supervisor's environment, and in a file of its own. */
const plant = (stateDir: string) => {
  const secrets = {
    'a secret of the environment': randomSecret(),
    'the key of the AWS credentials': randomSecret(),
    'the path of the AWS credentials': randomSecret(),
    "the supervisor's file": randomSecret(),
  };
  const guardedFile = join(stateDir, 'supervisor.key');
  writeFileSync(guardedFile, `${secrets["the supervisor's file"]}\n`, { mode: 0o600 });
  const environment = {
    SERVICE_TOKEN: secrets['a secret of the environment'],
    AWS_SESSION_TOKEN: secrets['the key of the AWS credentials'],
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/v2/credentials/${secrets['the path of the AWS credentials']}`,
  };
  return { secrets, guardedFile, environment };
};

const portsOf = ({ postgres, queues, secrets, github, model, ecs, functions, api }: House): number[] => [
  postgres.port,
  ...[queues.endpoints.sqs, secrets.url, github.webUrl, model.url, ecs.url, functions.url, api.url].map(
    (url) => Number(new URL(url).port),
  ),
];

/** The request names its scenario; the model then does one thing after the other, whatever comes of it. */
const createObeyingModel = () => {
  const plays = new Map<string, { turns: readonly ModelTurn[]; steps: ToolStep[] }>();
  const script: Script = ({ prompt, steps }: Conversation) => {
    const [, id = ''] = /\bscenario ([a-z0-9-]+)/.exec(prompt) ?? [];
    const play = plays.get(id);
    if (!play) return {};
    play.steps = steps;
    return play.turns[turnsDone(play.turns, steps.length)] ?? { text: 'I did what I was told.' };
  };
  /** Gives the way to see the steps that were made. */
  const obey = (id: string, turns: readonly ModelTurn[]) => {
    const play = { turns, steps: [] as ToolStep[] };
    plays.set(id, play);
    return () => play.steps;
  };
  return { script, obey };
};

/** A turn with several tools is done when all of them have a result. */
const turnsDone = (turns: readonly ModelTurn[], steps: number): number => {
  let left = steps;
  const next = turns.findIndex(({ tools = [] }) => {
    left -= tools.length;
    return left < 0 || tools.length === 0;
  });
  return next === -1 ? turns.length : next;
};
