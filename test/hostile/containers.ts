// Workers from the built image instead of processes of this machine, each with what the task definition gives it and the
// network of the machine, because that is where the house is.
import { workerEnvSchema } from '#worker/env.ts';
import { addedCapabilities, agentEnvironment, droppedCapabilities } from '#worker/test-image.ts';

/** What the CLI of docker itself reads. */
export type DockerEnvironment = { PATH: string } & Record<string, string>;

type Input = {
  image: string;
  docker: DockerEnvironment;
  /** For the worker beside what the house gives. */
  environment: Record<string, string>;
  /** Paths of this machine that are there too; `writable` ends in nothing else. */
  mounts: { path: string; isWritable: boolean }[];
};

const folders = {
  STATE_DIR: '/var/lib/agent-bot',
  RUNS_DIR: '/runs',
  CLAUDE_BINARY: '/opt/agent-bot/claude',
};
const region = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
const endpoints = ['SQS', 'S3', 'SECRETS_MANAGER'].map((name) => `AWS_ENDPOINT_URL_${name}`);

export const containerWorker = ({ image, docker, environment, mounts }: Input) => {
  const names = [...Object.keys(workerEnvSchema.shape), ...region, ...endpoints, ...Object.keys(environment)];
  const command = [
    'docker',
    'run',
    '--rm',
    '--read-only',
    '--network=host',
    ...droppedCapabilities.map((name) => `--cap-drop=${name}`),
    ...addedCapabilities.map((name) => `--cap-add=${name}`),
    ...mounts.map(({ path, isWritable }) => `--volume=${path}:${path}${isWritable ? '' : ':ro'}`),
    ...names.map((name) => `--env=${name}`), // their values come from the environment of this command
    image,
  ];
  return {
    command,
    environment: { ...docker, ...environment, ...folders, ...agentEnvironment },
    stateDir: folders.STATE_DIR,
    agentUids: {
      first: Number(agentEnvironment.AGENT_UID_FIRST),
      count: Number(agentEnvironment.AGENT_UID_COUNT),
    },
  };
};
