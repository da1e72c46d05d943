import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { queueNameOf, receivedTooOften } from '#core/dead-letter.ts';
import { describeError } from '#core/describe-error.ts';
import type { Ledger, LedgerInput } from '#core/ledger.ts';
import type { Log } from '#core/ports/log.ts';
import type { Announcement } from './announce.ts';

type Deps = {
  ledger: Ledger;
  /** False when nobody can be told. */
  announce: (announcement: Announcement) => Promise<boolean>;
  /** Asks reconcile to ring for what comes next on the thread; it looks every minute anyway. */
  poke: () => Promise<void>;
  log: Log;
};
type Letter = LedgerInput<'dead_letters.record'>;

/**
 * Reads the one queue where messages of all others end. First each is stored with its body, because reading takes it
 * from the queue; then its thread is told. What fails comes again, and every step may be repeated.
 */
export const createDeadLetters = (deps: Deps) => {
  const handleRecord = async (record: SQSRecord): Promise<void> => {
    const letter = toLetter(record);
    try {
      await putAside(deps, letter);
    } catch (error) {
      deps.log.error('dead letter not handled', { messageId: letter.messageId, ...describeError(error) });
      throw error;
    }
  };

  return (event: SQSEvent): Promise<SQSBatchResponse> =>
    processPartialResponse(event, handleRecord, new SqsFifoPartialProcessorAsync(), {
      skipGroupOnError: true,
      throwOnFullBatchFailure: false,
    });
};

const putAside = async ({ ledger, announce, poke, log }: Deps, letter: Letter): Promise<void> => {
  const { messageId, queue, reason } = letter;
  const recorded = await ledger('dead_letters.record', letter);
  if (recorded.kind === 'busy') throw new Error(`a worker still holds task ${recorded.taskId}`);
  const { id, taskId, tell, alreadyAnnounced } = recorded;
  log.warn('message put aside', { messageId, queue, reason, id, taskId });
  await poke().catch((error: unknown) => log.warn('reconcile not poked', { id, ...describeError(error) }));
  if (!tell || alreadyAnnounced) return;
  if (await announce({ id, taskId, reason, ...tell })) await ledger('dead_letters.announced', { id });
};

/** Whoever puts a message aside says why, and its first id; SQS itself says only where it had been. */
const toLetter = ({ messageId, body, attributes, messageAttributes }: SQSRecord): Letter => {
  const said = (name: string) => messageAttributes[name]?.stringValue;
  const { MessageGroupId: groupId = '', DeadLetterQueueSourceArn: source } = attributes;
  return {
    messageId: said('messageId') ?? messageId,
    queue: said('queue') ?? (source === undefined ? null : queueNameOf(source)),
    groupId,
    body,
    reason: said('reason') ?? receivedTooOften,
  };
};
