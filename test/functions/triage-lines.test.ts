// Whatever GitHub, the ledger and the queues answer, each line of triage names the delivery, and the task once there is one.
import { randomInt } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '#core/messages.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { createMentionTriage } from '#functions/handlers/mention.ts';
import { createTriage } from '#functions/handlers/triage.ts';
import { aDelivery, anInstallation, aRecordedTask } from '#test/builders.ts';
import { anSqsEvent, aTimeLeft } from '#test/support/aws-event.ts';
import { aLedger, aLog, anInbox, aQueue } from '#test/support/fakes.ts';
import { appPrivateKey, secondaryLimit } from '#test/support/github-server.ts';
import type { Answer, Seen } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';

const limited: Answer = { ...secondaryLimit, headers: { 'retry-after': '60' } };
const no = (status: number): Answer => ({ status, json: { message: 'no' } });
const yes = (json: unknown): Answer => ({ status: 201, json });

const token = yes({ token: 'ghs_test', expires_at: '2026-01-02T04:04:05Z' });
const mayWrite = yes({ permission: 'write', role_name: 'write' });
const answers = fc.record({
  mint: fc.constantFrom<Answer>(token, no(404), limited),
  permission: fc.constantFrom<Answer>(
    mayWrite,
    yes({ permission: 'read', role_name: 'read' }),
    no(404),
    limited,
  ),
  react: fc.constantFrom(yes({ id: 1 }), no(404), no(502), limited),
  comment: fc.constantFrom(yes({ id: 1 }), no(403), no(502)),
  revoke: fc.constantFrom(no(204), no(500)),
});
type Answers = typeof answers extends fc.Arbitrary<infer A> ? A : never;

const asGithub =
  (given: Answers) =>
  ({ method, path }: Seen): Answer => {
    if (path.endsWith('/access_tokens')) return given.mint;
    if (path.endsWith('/permission')) return given.permission;
    if (path.endsWith('/reactions')) return given.react;
    if (method === 'DELETE') return given.revoke;
    if (method === 'POST') return given.comment;
    return { json: path === '/app' ? { slug: 'agent-bot' } : [] };
  };

/** The thread takes no comment. */
const untold: Answers = {
  mint: token,
  permission: mayWrite,
  react: no(404),
  comment: no(403),
  revoke: no(500),
};

const broken = fc.constantFrom('nothing', 'tasks.record', 'tasks.greeted', 'lane', 'poke');
const greet = fc.constantFrom(null, { ahead: 1 });

/** About the message and the token, whatever became of the task. */
const ofTheDelivery = new Set(['delivery not triaged', 'message comes back late', 'token not revoked']);

describe('the lines of triage', () => {
  it('name the delivery, and the task from when it is recorded on', async () => {
    await fc.assert(
      fc.asyncProperty(answers, broken, greet, async (given, broken, greet) => {
        const github = await startServer(asGithub(given));
        const { log, lines, text } = aLog();
        let recordedAt = Infinity;
        const failing = (part: string) => {
          if (part === broken) throw new Error(`${part} is away`);
        };
        const { ledger } = aLedger({
          'installations.get': () => anInstallation(),
          'deliveries.refuse': () => null,
          'tasks.record': () => {
            failing('tasks.record');
            recordedAt = lines.length;
            return aRecordedTask({ greet });
          },
          'tasks.greeted': () => {
            failing('tasks.greeted');
            return null;
          },
        });
        // of an App of its own: those of one App wait for each other
        const key = { appId: String(randomInt(1e9)), privateKey: appPrivateKey };
        const app = createGithubApp({ ...key, apiUrl: github.url });
        const { queue } = aQueue(() => (broken === 'lane' ? new Error('lane is away') : undefined));
        const onMention = createMentionTriage({
          ledger,
          app: () => Promise.resolve(app),
          lanes: { high: queue, normal: queue, low: queue },
          poke: async () => failing('poke'),
          mention: '@agent',
          log,
        });
        const delivery = aDelivery();
        const event = anSqsEvent([{ body: encodeMessage(delivery) }]);
        event.Records[0]!.attributes.MessageDeduplicationId = delivery.id;
        const { inbox } = anInbox(() => new Error('inbox is away'));
        await createTriage({ ledger, onMention, inbox, deadLetters: aQueue().queue, log })(
          event,
          aTimeLeft(),
        );
        await github.close();

        expect(lines.length).toBeGreaterThan(0);
        for (const { fields } of lines) expect(fields).toMatchObject({ deliveryId: delivery.id });
        const after = lines.slice(recordedAt).filter(({ message }) => !ofTheDelivery.has(message));
        for (const { fields } of after) expect(fields).toMatchObject({ taskId: aRecordedTask().id });
        expect(text()).not.toMatch(/ghs_|failing test/);
      }),
      { numRuns: 60, examples: [[untold, 'nothing', { ahead: 1 }]] },
    );
  });
});
