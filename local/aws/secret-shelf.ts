// What the Secrets Manager fake keeps: secrets, their versions and the stages on them.
import { randomBytes } from 'node:crypto';
import { AwsError } from './json-api.ts';
import { arn } from './names.ts';

export type Value = { SecretString?: string | undefined; SecretBinary?: string | undefined };
export type Version = Value & { id: string; stages: Set<string>; createdAt: number };
export type Secret = {
  arn: string;
  name: string;
  description: string | undefined;
  tags: Map<string, string>;
  versions: Map<string, Version>;
  createdAt: number;
  changedAt: number;
  /** When it was asked to be deleted, and when it is gone. */
  deletion: { deletedAt: number; goneAt: number } | undefined;
};

export type SecretShelf = ReturnType<typeof createSecretShelf>;

export const createSecretShelf = (now: () => number) => {
  const secrets = new Map<string, Secret>();

  const all = () => {
    for (const { name, deletion } of secrets.values())
      if (deletion && deletion.goneAt <= now()) secrets.delete(name);
    return [...secrets.values()];
  };
  /** By name, full ARN or the ARN without its six random characters; a secret that waits for its deletion too. */
  const find = (id: string) =>
    all().find((secret) => secret.name === id || secret.arn === id || secret.arn.slice(0, -7) === id);
  const findAny = (id: string): Secret => {
    const secret = find(id);
    if (!secret)
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };
  const findLive = (id: string): Secret => {
    const secret = findAny(id);
    if (secret.deletion)
      throw new AwsError(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    return secret;
  };
  const add = (name: string): Secret => {
    const secret: Secret = {
      arn: arn('secretsmanager', `secret:${name}-${randomBytes(3).toString('hex')}`),
      name,
      description: undefined,
      tags: new Map(),
      versions: new Map(),
      createdAt: now(),
      changedAt: now(),
      deletion: undefined,
    };
    secrets.set(name, secret);
    return secret;
  };
  return { now, all, find, findAny, findLive, add, remove: (secret: Secret) => secrets.delete(secret.name) };
};

/** Secrets Manager writes times as seconds. */
export const seconds = (ms: number) => ms / 1000;

export const stagesOf = ({ versions }: Secret): Record<string, string[]> =>
  Object.fromEntries(
    [...versions.values()].filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]),
  );

export const holderOf = ({ versions }: Secret, stage: string): Version | undefined =>
  [...versions.values()].find(({ stages }) => stages.has(stage));

/** A stage is on one version at a time; the one that loses AWSCURRENT becomes AWSPREVIOUS. */
export const moveStage = (secret: Secret, stage: string, to: Version) => {
  const from = holderOf(secret, stage);
  if (from === to) return;
  from?.stages.delete(stage);
  to.stages.add(stage);
  if (stage === 'AWSCURRENT' && from) moveStage(secret, 'AWSPREVIOUS', from);
  if (stage === 'AWSCURRENT') to.stages.delete('AWSPREVIOUS');
};

/** Adds a version, or gives the one that an earlier call with the same token and value made. */
export const addVersion = (
  secret: Secret,
  { id, value, stages, now }: { id: string; value: Value; stages: readonly string[]; now: number },
): Version => {
  const known = secret.versions.get(id);
  if (known && (known.SecretString !== value.SecretString || known.SecretBinary !== value.SecretBinary))
    throw new AwsError('ResourceExistsException', `You can't modify the value of secret version ${id}.`);
  if (known) return known;
  const version: Version = { ...value, id, stages: new Set(), createdAt: now };
  secret.versions.set(id, version);
  for (const stage of stages) moveStage(secret, stage, version);
  secret.changedAt = now;
  return version;
};
