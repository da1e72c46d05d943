// GetSecretValue, PutSecretValue, UpdateSecret, UpdateSecretVersionStage.
import * as z from 'zod';
import { AwsError, operation } from './json-api.ts';
import { secretIdSchema, stageSchema, tokenSchema, valueOf, valueSchema } from './secret-schemas.ts';
import { addVersion, holderOf, moveStage, seconds } from './secret-shelf.ts';
import type { Secret, SecretShelf, Version } from './secret-shelf.ts';

const getSchema = z.object({
  SecretId: secretIdSchema,
  VersionId: z.string().min(32).max(64).optional(),
  VersionStage: stageSchema.optional(),
});
const putSchema = valueSchema.extend({
  SecretId: secretIdSchema,
  ClientRequestToken: tokenSchema,
  VersionStages: z.array(stageSchema).min(1).max(20).default(['AWSCURRENT']),
});
const updateSchema = valueSchema.extend({
  SecretId: secretIdSchema,
  ClientRequestToken: tokenSchema,
  Description: z.string().max(2048).optional(),
});
const moveSchema = z.object({
  SecretId: secretIdSchema,
  VersionStage: stageSchema,
  RemoveFromVersionId: z.string().optional(),
  MoveToVersionId: z.string().optional(),
});

export const versionOperations = ({ findLive, now }: SecretShelf) => ({
  GetSecretValue: operation(getSchema, (input) => {
    const secret = findLive(input.SecretId);
    const { id, stages, createdAt, SecretString, SecretBinary } = pick(secret, input);
    return {
      ...named(secret),
      VersionId: id,
      VersionStages: [...stages],
      CreatedDate: seconds(createdAt),
      SecretString,
      SecretBinary,
    };
  }),
  PutSecretValue: operation(putSchema, (input) => {
    const secret = findLive(input.SecretId);
    const value = valueOf(input);
    if (!value)
      throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    // the first version is always current
    const first = secret.versions.size === 0 ? ['AWSCURRENT'] : [];
    const stages = [...new Set([...input.VersionStages, ...first])];
    const version = addVersion(secret, { id: input.ClientRequestToken, value, stages, now: now() });
    return { ...named(secret), VersionId: version.id, VersionStages: [...version.stages] };
  }),
  UpdateSecret: operation(updateSchema, (input) => {
    const secret = findLive(input.SecretId);
    const value = valueOf(input);
    secret.description = input.Description ?? secret.description;
    secret.changedAt = now();
    if (!value) return named(secret);
    const id = input.ClientRequestToken;
    addVersion(secret, { id, value, stages: ['AWSCURRENT'], now: now() });
    return { ...named(secret), VersionId: id };
  }),
  UpdateSecretVersionStage: operation(moveSchema, (input) => {
    const secret = findLive(input.SecretId);
    relabel(secret, input);
    secret.changedAt = now();
    return named(secret);
  }),
});

const named = ({ arn, name }: Secret) => ({ ARN: arn, Name: name });

const pick = (secret: Secret, { VersionId, VersionStage }: z.infer<typeof getSchema>): Version => {
  const stage = VersionStage ?? (VersionId ? undefined : 'AWSCURRENT');
  const version = VersionId ? secret.versions.get(VersionId) : holderOf(secret, stage ?? '');
  if (!version)
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${VersionId ? `VersionId: ${VersionId}` : `staging label: ${stage}`}`,
    );
  if (stage && !version.stages.has(stage))
    throw new AwsError('InvalidRequestException', 'The VersionStage is not attached to the VersionId.');
  return version;
};

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html */
const relabel = (secret: Secret, input: z.infer<typeof moveSchema>) => {
  const { VersionStage: stage, RemoveFromVersionId: fromId, MoveToVersionId: toId } = input;
  const holder = holderOf(secret, stage);
  const to = toId === undefined ? undefined : secret.versions.get(toId);
  if (toId !== undefined && !to)
    throw new AwsError('ResourceNotFoundException', `Secrets Manager can't find version ${toId}.`);
  if (fromId === undefined && toId === undefined)
    throw new AwsError('InvalidParameterException', 'Neither RemoveFromVersionId nor MoveToVersionId given.');
  if (fromId !== undefined && holder?.id !== fromId)
    throw new AwsError('InvalidParameterException', `The staging label ${stage} is not on ${fromId}.`);
  if (fromId === undefined && holder && holder !== to)
    throw new AwsError('InvalidParameterException', `The staging label ${stage} is on ${holder.id}: say so.`);
  if (!to && stage === 'AWSCURRENT')
    throw new AwsError('InvalidParameterException', 'AWSCURRENT can only be moved, not removed.');
  if (to) moveStage(secret, stage, to);
  else holder?.stages.delete(stage);
};
