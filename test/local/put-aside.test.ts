import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQueueSender } from '#core/aws/sqs.ts';
import { encodeMessage } from '#core/messages.ts';
import { credentials, region } from '#local/aws/names.ts';
import { openStateFolder } from '#local/state-folder.ts';
import { aDelivery } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { LocalHouse } from '#test/support/local-house.ts';
import { startLocalHouse } from '#test/support/local-house.ts';
import { operate } from '#test/support/operator.ts';

describe('a request that is put aside', () => {
  let local: LocalHouse;
  let sqs: SQSClient;
  beforeAll(async () => {
    local = await startLocalHouse();
    const { queues, functions } = local.house;
    sqs = new SQSClient(onLoopback(queues.endpoints.sqs));
    const opened = await openStateFolder(local.stateDir);
    if (opened.kind !== 'opened') throw new Error(opened.kind);
    const endpoint = functions.url;
    opened.folder.announce({ endpoint, region, credentials, ledger: 'ledger', reconcile: 'reconcile' });
  });
  afterAll(async () => {
    sqs.destroy();
    await local.close();
  });

  const agentBot = async (...args: string[]) => {
    const { code, stdout, stderr } = await operate([...args, '--json', '--state', local.stateDir]);
    if (code !== 0) throw new Error(stdout + stderr);
    return JSON.parse(stdout);
  };
  const queue = (name: string) => createQueueSender(sqs, local.house.surroundings.queueUrl(name));
  const ours = () => local.ourComments(local.house.demo.issues.total).map(({ body }) => body);
  /** What the door would have queued for a comment whose webhook never came. */
  const aDeliveryThatWasLost = () => {
    const { house } = local;
    const { repository, repositoryId, writer: login, issues } = house.demo;
    const { url: door } = house.github.hook;
    house.github.hook.url = undefined;
    const text = '@agent fix the failing test';
    const { commentId, url } = house.github.comment({ repository, number: issues.total, login, body: text });
    house.github.hook.url = door;
    const author = { id: String(house.github.createAccount(login).id), login };
    return aDelivery({
      id: crypto.randomUUID(),
      event: {
        kind: 'mention',
        thread: {
          platform: 'github',
          tenantId: String(house.installationId),
          repositoryId: String(repositoryId),
          repository,
          number: issues.total,
          isPullRequest: false,
        },
        trigger: {
          key: `issue_comment:${commentId}`,
          kind: 'issue_comment',
          commentId: String(commentId),
          author,
          text,
          url,
          createdAt: new Date(Date.now() - 1_000).toISOString(),
        },
      },
    });
  };

  it(
    'is told on its thread, and is done after all once an operator brings it back',
    { timeout: 90_000 },
    async () => {
      await queue('dead-letters.fifo').send({
        body: encodeMessage(aDeliveryThatWasLost()),
        groupId: 'thread',
        deduplicationId: 'lost',
      });
      await expect.poll(ours, { timeout: 20_000 }).toHaveLength(1);
      const [, id = ''] = /agent-bot redrive ([0-9a-f-]{36})/.exec(ours()[0]!) ?? [];
      expect((await agentBot('letters')).letters).toMatchObject([{ id, reason: 'received too often' }]);
      expect((await agentBot('tasks', '--all')).tasks).toEqual([]);

      await agentBot('redrive', id);

      const ended = async () => (await agentBot('tasks', '--all')).tasks;
      await expect.poll(ended, { timeout: 60_000 }).toMatchObject([{ status: 'succeeded' }]);
      expect(ours().at(-1)).toContain('/pull/');
      expect((await agentBot('letters')).letters).toEqual([]);
    },
  );

  it('without sense is kept with its reason, and nobody is told', async () => {
    const before = ours();
    await queue('inbox.fifo').send({ body: 'not JSON', groupId: 'any', deduplicationId: 'one' });
    const kept = async () => (await agentBot('letters')).letters;
    await expect
      .poll(kept, { timeout: 20_000 })
      .toMatchObject([{ queue: 'inbox.fifo', reason: 'malformed', taskId: null }]);
    expect(ours()).toEqual(before);
  });
});
