import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSecretsManager } from '#local/aws/secrets-manager.ts';
import { aHouse, clientOf } from './house.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe('secrets manager', () => {
  let house: ReturnType<typeof aHouse>;
  let local: Awaited<ReturnType<typeof startSecretsManager>>;
  let client: SecretsManagerClient;
  let nowMs: number;

  beforeEach(async () => {
    house = aHouse();
    nowMs = Date.UTC(2026, 0, 1);
    local = await startSecretsManager({ ...house, now: () => nowMs });
    client = new SecretsManagerClient(clientOf(local.url));
  });
  afterEach(async () => {
    client.destroy();
    await local.close();
  });

  const create = (Name: string, SecretString = 'one') =>
    client.send(new CreateSecretCommand({ Name, SecretString }));
  const get = (SecretId: string, stage: { VersionStage?: string; VersionId?: string } = {}) =>
    client.send(new GetSecretValueCommand({ SecretId, ...stage }));
  const put = (SecretId: string, SecretString: string, more: { VersionStages?: string[] } = {}) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }));

  it('finds a secret by name, ARN and ARN without its random end', async () => {
    const { ARN = '' } = await create('app/github');

    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/github-\w{6}$/);
    for (const id of ['app/github', ARN, ARN.slice(0, -7)])
      expect(await get(id)).toMatchObject({ Name: 'app/github', SecretString: 'one' });
  });

  it('keeps bytes as bytes', async () => {
    const SecretBinary = Buffer.from([0, 1, 255]);
    await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }));

    expect(Buffer.from((await get('bytes')).SecretBinary!)).toEqual(SecretBinary);
  });

  it('makes the newest value current and the one before previous', async () => {
    await create('s');
    await put('s', 'two');
    await put('s', 'three');

    expect((await get('s')).SecretString).toBe('three');
    expect((await get('s', { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    expect(Object.values(VersionIdsToStages!).flat().sort()).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  it('holds a pending value back until its stage moves', async () => {
    const { VersionId: oldId } = await create('s');
    const { VersionId: newId } = await put('s', 'two', { VersionStages: ['AWSPENDING'] });
    expect((await get('s')).SecretString).toBe('one');

    const move = { SecretId: 's', VersionStage: 'AWSCURRENT', MoveToVersionId: newId };
    await expect(client.send(new UpdateSecretVersionStageCommand(move))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await client.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: oldId }));

    expect((await get('s')).VersionStages?.sort()).toEqual(['AWSCURRENT', 'AWSPENDING']);
    expect((await get('s', { VersionStage: 'AWSPREVIOUS' })).VersionId).toBe(oldId);
  });

  it('never leaves a secret without a current value', async () => {
    const { VersionId } = await create('s');
    const remove = { SecretId: 's', VersionStage: 'AWSCURRENT', RemoveFromVersionId: VersionId };

    await expect(client.send(new UpdateSecretVersionStageCommand(remove))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  it('takes the same request twice, but not another value under its token', async () => {
    const token = { SecretId: 's', ClientRequestToken: randomUUID() };
    await create('s');
    const first = await client.send(new PutSecretValueCommand({ ...token, SecretString: 'two' }));
    await put('s', 'three');

    expect(await client.send(new PutSecretValueCommand({ ...token, SecretString: 'two' }))).toMatchObject({
      VersionId: first.VersionId,
    });
    expect((await get('s')).SecretString).toBe('three');
    await expect(
      client.send(new PutSecretValueCommand({ ...token, SecretString: 'other' })),
    ).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('creates a secret once', async () => {
    const request = { Name: 's', SecretString: 'one', ClientRequestToken: randomUUID() };
    const { ARN } = await client.send(new CreateSecretCommand(request));

    expect((await client.send(new CreateSecretCommand(request))).ARN).toBe(ARN);
    await expect(create('s')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('updates value and description', async () => {
    await create('s');
    await client.send(
      new UpdateSecretCommand({ SecretId: 's', Description: 'what for', SecretString: 'two' }),
    );

    expect((await get('s')).SecretString).toBe('two');
    expect(await client.send(new DescribeSecretCommand({ SecretId: 's' }))).toMatchObject({
      Description: 'what for',
    });
  });

  it.each([
    ['an unknown secret', () => get('none'), 'ResourceNotFoundException'],
    ['an unknown stage', () => get('s', { VersionStage: 'AWSPREVIOUS' }), 'ResourceNotFoundException'],
    ['an unknown version', () => get('s', { VersionId: randomUUID() }), 'ResourceNotFoundException'],
    ['a name with a space', () => create('a b'), 'ValidationException'],
    ['no value', () => client.send(new PutSecretValueCommand({ SecretId: 's' })), 'InvalidRequestException'],
    [
      'two values',
      () =>
        client.send(
          new PutSecretValueCommand({ SecretId: 's', SecretString: 'a', SecretBinary: Buffer.from('b') }),
        ),
      'InvalidParameterException',
    ],
    [
      'a recovery window of two days',
      () => client.send(new DeleteSecretCommand({ SecretId: 's', RecoveryWindowInDays: 2 })),
      'InvalidParameterException',
    ],
  ])('refuses %s', async (_, call, name) => {
    await create('s');

    await expect(call()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  it('can take a deletion back within its window, and keeps the name for that long', async () => {
    await create('s');
    await client.send(new DeleteSecretCommand({ SecretId: 's', RecoveryWindowInDays: 7 }));

    await expect(get('s')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await expect(create('s')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    nowMs += 7 * dayMs - 1;
    await client.send(new RestoreSecretCommand({ SecretId: 's' }));
    expect((await get('s')).SecretString).toBe('one');
  });

  it('is gone after the window', async () => {
    await create('s');
    await client.send(new DeleteSecretCommand({ SecretId: 's', RecoveryWindowInDays: 7 }));
    nowMs += 7 * dayMs;

    await expect(client.send(new RestoreSecretCommand({ SecretId: 's' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await create('s', 'new');
  });

  it('deletes at once when forced, also what is not there', async () => {
    await create('s');
    for (const SecretId of ['s', 'none'])
      await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));

    await expect(get('s')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('lists by name and page, without what waits for its deletion', async () => {
    for (const name of ['app/a', 'app/b', 'app/c', 'other']) await create(name);
    await client.send(new DeleteSecretCommand({ SecretId: 'app/c' }));
    const list = { Filters: [{ Key: 'name' as const, Values: ['app/'] }], MaxResults: 1 };

    const first = await client.send(new ListSecretsCommand(list));
    const second = await client.send(new ListSecretsCommand({ ...list, NextToken: first.NextToken }));
    const names = [first, second].flatMap(({ SecretList = [] }) => SecretList.map(({ Name }) => Name));
    expect(names).toEqual(['app/a', 'app/b']);
    expect(second.NextToken).toBeUndefined();
  });

  it('tags and untags', async () => {
    await create('s');
    const Tags = [
      { Key: 'team', Value: 'a' },
      { Key: 'stage', Value: 'b' },
    ];
    await client.send(new TagResourceCommand({ SecretId: 's', Tags }));
    await client.send(new UntagResourceCommand({ SecretId: 's', TagKeys: ['stage'] }));

    expect((await client.send(new DescribeSecretCommand({ SecretId: 's' }))).Tags).toEqual([Tags[0]]);
  });

  it('writes ids into the journal and never a value', async () => {
    await create('s', 'a-very-secret-value');
    await get('s');
    await put('s', 'a-very-secret-value-2');
    await put('none', 'a-very-secret-value-3').catch(() => {});

    const entries = house.journal.entries();
    expect(entries.map(({ call, detail }) => [call, detail.secretId])).toEqual([
      ['CreateSecret', 's'],
      ['GetSecretValue', 's'],
      ['PutSecretValue', 's'],
      ['PutSecretValue', 'none'],
    ]);
    expect(JSON.stringify(entries)).not.toContain('a-very-secret');
  });

  it('answers a fault as the service would', async () => {
    await create('s');
    house.faults.inject({
      call: /^GetSecretValue$/,
      fault: {
        kind: 'answer',
        status: 400,
        body: '{"__type":"ThrottlingException","message":"Rate exceeded"}',
      },
    });

    await expect(get('s')).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await get('s')).SecretString).toBe('one');
  });

  it('refuses a request that nobody signed', async () => {
    const response = await fetch(local.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'secretsmanager.ListSecrets' },
      body: '{}',
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
  });
});
