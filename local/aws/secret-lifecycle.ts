// CreateSecret, DescribeSecret, ListSecrets, DeleteSecret, RestoreSecret, TagResource, UntagResource.
import * as z from 'zod';
import { AwsError, operation } from './json-api.ts';
import {
  nameSchema,
  secretIdSchema,
  tagsSchema,
  tokenSchema,
  valueOf,
  valueSchema,
} from './secret-schemas.ts';
import { addVersion, seconds, stagesOf } from './secret-shelf.ts';
import type { Secret, SecretShelf } from './secret-shelf.ts';

const createSchema = valueSchema.extend({
  Name: nameSchema,
  ClientRequestToken: tokenSchema,
  Description: z.string().max(2048).optional(),
  Tags: tagsSchema.default([]),
});
const idSchema = z.object({ SecretId: secretIdSchema });
const listSchema = z.object({
  MaxResults: z.int().min(1).max(100).default(100),
  NextToken: z.string().optional(),
  IncludePlannedDeletion: z.boolean().default(false),
  Filters: z
    .array(z.object({ Key: z.enum(['name', 'tag-key', 'tag-value']), Values: z.array(z.string()) }))
    .default([]),
});
const deleteSchema = idSchema.extend({
  RecoveryWindowInDays: z.int().optional(),
  ForceDeleteWithoutRecovery: z.boolean().default(false),
});
const tagSchema = idSchema.extend({ Tags: tagsSchema });
const untagSchema = idSchema.extend({ TagKeys: z.array(z.string()) });

export const lifecycleOperations = (shelf: SecretShelf) => ({
  CreateSecret: operation(createSchema, (input) => create(shelf, input)),
  DescribeSecret: operation(idSchema, ({ SecretId }) => {
    const secret = shelf.findAny(SecretId);
    return { ...describe(secret), VersionIdsToStages: stagesOf(secret) };
  }),
  ListSecrets: operation(listSchema, (input) => list(shelf, input)),
  DeleteSecret: operation(deleteSchema, (input) => remove(shelf, input)),
  RestoreSecret: operation(idSchema, ({ SecretId }) => {
    const secret = shelf.findAny(SecretId);
    secret.deletion = undefined;
    return { ARN: secret.arn, Name: secret.name };
  }),
  TagResource: operation(tagSchema, ({ SecretId, Tags }) => {
    const { tags } = shelf.findLive(SecretId);
    for (const { Key, Value } of Tags) tags.set(Key, Value);
    return {};
  }),
  UntagResource: operation(untagSchema, ({ SecretId, TagKeys }) => {
    const { tags } = shelf.findLive(SecretId);
    for (const key of TagKeys) tags.delete(key);
    return {};
  }),
});

const create = ({ find, add, now }: SecretShelf, input: z.infer<typeof createSchema>) => {
  const value = valueOf(input);
  const known = find(input.Name);
  if (known?.deletion)
    throw new AwsError(
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  // the same request again, after a lost answer, is a success
  if (known && !(value && known.versions.has(input.ClientRequestToken)))
    throw new AwsError(
      'ResourceExistsException',
      `The operation failed because the secret ${input.Name} already exists.`,
    );
  const secret = known ?? add(input.Name);
  if (!known) {
    secret.description = input.Description;
    for (const { Key, Value } of input.Tags) secret.tags.set(Key, Value);
  }
  if (!value) return { ARN: secret.arn, Name: secret.name };
  const id = input.ClientRequestToken;
  addVersion(secret, { id, value, stages: ['AWSCURRENT'], now: now() });
  return { ARN: secret.arn, Name: secret.name, VersionId: id };
};

const describe = ({ arn, name, description, tags, createdAt, changedAt, deletion }: Secret) => ({
  ARN: arn,
  Name: name,
  Description: description,
  CreatedDate: seconds(createdAt),
  LastChangedDate: seconds(changedAt),
  DeletedDate: deletion && seconds(deletion.deletedAt),
  Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
});

const list = ({ all }: SecretShelf, input: z.infer<typeof listSchema>) => {
  const matching = all().filter(
    (secret) =>
      (input.IncludePlannedDeletion || !secret.deletion) &&
      input.Filters.every(({ Key, Values }) => Values.some((value) => matches(secret, Key, value))),
  );
  const start = Number(input.NextToken ?? 0);
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidNextTokenException', 'The NextToken value is invalid.');
  const end = start + input.MaxResults;
  return {
    SecretList: matching
      .slice(start, end)
      .map((secret) => Object.assign(describe(secret), { SecretVersionsToStages: stagesOf(secret) })),
    NextToken: end < matching.length ? String(end) : undefined,
  };
};

const matches = ({ name, tags }: Secret, key: 'name' | 'tag-key' | 'tag-value', value: string): boolean => {
  switch (key) {
    case 'name':
      return name.startsWith(value);
    case 'tag-key':
      return tags.has(value);
    case 'tag-value':
      return [...tags.values()].includes(value);
  }
};

const dayMs = 24 * 60 * 60 * 1000;

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html: 7 to 30 days, or at once and for ever. */
const remove = (shelf: SecretShelf, input: z.infer<typeof deleteSchema>) => {
  const { SecretId, ForceDeleteWithoutRecovery: force, RecoveryWindowInDays: days } = input;
  if (force && days !== undefined)
    throw new AwsError(
      'InvalidParameterException',
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  if (days !== undefined && (days < 7 || days > 30))
    throw new AwsError('InvalidParameterException', 'RecoveryWindowInDays must be between 7 and 30 days.');
  const deletedAt = shelf.now();
  if (force) {
    const secret = shelf.find(SecretId);
    if (secret) shelf.remove(secret);
    return { ARN: secret?.arn, Name: secret?.name ?? SecretId, DeletionDate: seconds(deletedAt) };
  }
  const secret = shelf.findLive(SecretId);
  secret.deletion = { deletedAt, goneAt: deletedAt + (days ?? 30) * dayMs };
  return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(secret.deletion.goneAt) };
};
