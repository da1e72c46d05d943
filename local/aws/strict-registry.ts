// The queues of the strict SQS by name, and what happens between them.
import { EventEmitter } from 'node:events';
import type { Clock } from '#local/clock.ts';
import { AwsError } from './json-api.ts';
import { accountId, arn } from './names.ts';
import { readAttributes, readRedrive } from './strict-attributes.ts';
import type { QueueAttributes } from './strict-attributes.ts';
import { createStrictQueue } from './strict-queue.ts';
import type { Received, StrictQueue } from './strict-queue.ts';

export type RegisteredQueue = {
  name: string;
  arn: string;
  isFifo: boolean;
  createdAt: number;
  attributes: QueueAttributes;
  queue: StrictQueue;
  /** Takes messages; what was received too often goes to the dead letters instead. */
  receive: (options: { max: number; visibilityMs: number }) => Received[];
  /** Says that something may have become visible. */
  changed: () => void;
  /** Called at each such change; the returned function ends it. */
  onChange: (call: () => void) => () => void;
};

export type Registry = ReturnType<typeof createRegistry>;

export const createRegistry = ({ clock, windowSize }: { clock: Clock; windowSize?: number | undefined }) => {
  const queues = new Map<string, RegisteredQueue>();
  const byArn = (wanted: string) => [...queues.values()].find(({ arn }) => arn === wanted);

  const create = (name: string, given: Record<string, string>) => {
    const attributes = readAttributes(name, given);
    const redrive = readRedrive(attributes, byArn);
    const known = queues.get(name);
    if (known) return sameAs(known, attributes);
    const queue = createStrictQueue({
      name,
      retentionMs: Number(attributes.MessageRetentionPeriod) * 1000,
      deduplicationScope: attributes.DeduplicationScope,
      maxReceiveCount: redrive?.maxReceiveCount,
      windowSize,
    });
    const target = redrive && byArn(redrive.deadLetterTargetArn);
    queues.set(name, register({ name, attributes, queue, target, clock }));
  };
  const byUrl = (url: string) => {
    const found = queues.get(new URL(url, 'http://local').pathname.replace(`/${accountId}/`, ''));
    if (!found) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    if (!found.isFifo) throw new AwsError('UnsupportedOperation', 'Only FIFO queues carry messages here.');
    return found;
  };
  return { create, byUrl, byName: (name: string) => queues.get(name), all: () => [...queues.values()] };
};

const sameAs = ({ attributes: known }: RegisteredQueue, given: QueueAttributes) => {
  const keys = new Set([...Object.keys(known), ...Object.keys(given)]) as Set<keyof QueueAttributes>; // of both
  const other = [...keys].find((key) => known[key] !== given[key]);
  if (!other) return;
  throw new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${other}`,
  );
};

type Parts = Pick<RegisteredQueue, 'name' | 'attributes' | 'queue'> & {
  target: RegisteredQueue | undefined;
  clock: Clock;
};

const register = ({ name, attributes, queue, target, clock }: Parts): RegisteredQueue => {
  const changes = new EventEmitter();
  changes.setMaxListeners(0);
  const queueArn = arn('sqs', name);
  return {
    name,
    arn: queueArn,
    isFifo: attributes.FifoQueue === 'true',
    createdAt: clock.now(),
    attributes,
    queue,
    receive: (options) => {
      const { taken, dead } = queue.receive(options, clock.now());
      for (const message of dead) target?.queue.adopt(message, queueArn, clock.now());
      if (dead.length > 0) target?.changed();
      return taken;
    },
    changed: () => changes.emit('change'),
    onChange: (call) => {
      changes.on('change', call);
      return () => changes.off('change', call);
    },
  };
};
