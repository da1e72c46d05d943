import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startStrictSqs } from '#local/aws/strict-sqs.ts';
import { createClock } from '#local/clock.ts';
import type { Clock } from '#local/clock.ts';
import { aHouse } from './house.ts';
import { bodies, createWorld, theOne } from './sqs-conformance/world.ts';
import type { Queue, World } from './sqs-conformance/world.ts';

describe('strict SQS on a clock that stands still', () => {
  let house: ReturnType<typeof aHouse>;
  let clock: Clock;
  let server: Awaited<ReturnType<typeof startStrictSqs>>;
  let world: World;
  let queue: Queue;
  let appointments: number;

  beforeEach(async () => {
    house = aHouse();
    const real = createClock({ standsAt: 1_800_000_000_000 });
    appointments = 0;
    clock = {
      ...real,
      at: (time, call) => {
        appointments += 1;
        return real.at(time, call);
      },
    };
    server = await startStrictSqs({ ...house, clock });
    world = createWorld(server.url, clock.advance);
    queue = await world.aQueue();
  });
  afterEach(async () => {
    world.close();
    await server.close();
  });

  /** Only a poll that waits has an appointment with the clock. */
  const waiting = async (polls: number) => {
    await expect.poll(() => appointments).toBe(polls);
  };

  it('ends a long poll after its time, though the clock jumped over the return of the message', async () => {
    await queue.send('one');
    await theOne(queue);
    const poll = queue.receive({ WaitTimeSeconds: 20 });
    await waiting(1);
    clock.advance(3_600_000);

    expect(await poll).toEqual([]);
    expect(bodies(await queue.receive())).toEqual(['one']);
  });

  it('gives to a long poll what comes back within its time, though the clock jumped far beyond', async () => {
    await queue.send('one');
    await queue.receive({ VisibilityTimeout: 10 });
    const poll = queue.receive({ WaitTimeSeconds: 20 });
    await waiting(1);
    clock.advance(25_000);

    expect(bodies(await poll)).toEqual(['one']);
    // held from the tenth second on: not one of its 30 is over too early
    clock.advance(14_999);
    expect(await queue.receive()).toEqual([]);
    clock.advance(1);
    expect(bodies(await queue.receive())).toEqual(['one']);
  });

  it('gives each message to one of the polls that wait for it', async () => {
    const polls = [1, 2, 3].map(() => queue.receive({ WaitTimeSeconds: 20, MaxNumberOfMessages: 1 }));
    await waiting(3);
    for (const group of ['a', 'b']) await queue.send(group, { group });
    clock.advance(20_000);

    expect((await Promise.all(polls)).flatMap(bodies).sort()).toEqual(['a', 'b']);
  });

  it('counts by its own clock', async () => {
    await queue.send('one');
    clock.advance(1_234);
    const [message] = await queue.receive({ MessageSystemAttributeNames: ['All'] });

    expect(message!.Attributes).toMatchObject({
      SentTimestamp: '1800000000000',
      ApproximateFirstReceiveTimestamp: '1800000001234',
    });
  });

  it('deletes, and loses the answer', async () => {
    await queue.send('one');
    const message = await theOne(queue);
    house.faults.inject({ call: /^DeleteMessage$/, fault: { kind: 'reset_after' } });

    await expect(queue.remove(message)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.depths()).toMatchObject({ [queue.name]: { waiting: 0, inFlight: 0 } });
  });

  it('holds a message whose answer was lost, as if it had been received', async () => {
    await queue.send('one');
    house.faults.inject({ call: /^ReceiveMessage$/, fault: { kind: 'reset_after' } });
    await expect(queue.receive()).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(await queue.receive()).toEqual([]);
    clock.advance(30_000);
    expect(bodies(await queue.receive())).toEqual(['one']);
  });

  it('journals what was refused, and why', async () => {
    await expect(queue.remove({ ReceiptHandle: 'garbage' })).rejects.toThrow('not a valid receipt handle');

    expect(house.journal.entries().at(-1)).toMatchObject({
      twin: 'sqs',
      call: 'DeleteMessage',
      status: 400,
      detail: { queue: queue.name, error: 'ReceiptHandleIsInvalid' },
    });
  });

  it('journals which messages were received, and no empty receive', async () => {
    const { MessageId } = await queue.send('one');
    await theOne(queue);
    await queue.receive();

    const receives = house.journal.entries().filter(({ call }) => call === 'ReceiveMessage');
    expect(receives).toMatchObject([{ detail: { queue: queue.name, messageIds: [MessageId] } }]);
  });

  it('says so when a queue that is not FIFO is asked for messages', async () => {
    await world.create('standard');

    await expect(
      queue.send('one', { QueueUrl: `${server.url}/000000000000/standard` }),
    ).rejects.toMatchObject({ name: 'UnsupportedOperation' });
  });
});
