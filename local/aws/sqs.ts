// SQS over the emulator, without the message that an abandoned long poll would swallow.
import * as z from 'zod';
import { maxBodyBytes } from './emulator.ts';
import type { Emulator } from './emulator.ts';
import { startServer } from './server.ts';
import type { Answer, House, Question } from './server.ts';

type Options = House & { emulator: Emulator; port?: number | undefined };

export const startSqs = ({ emulator, ...house }: Options) =>
  startServer({
    ...house,
    twin: 'sqs',
    maxBodyBytes,
    tooLarge: { status: 413 },
    nameOf: ({ headers }) => operationIn(headers),
    answer: async (question) => {
      const answer = await emulator.pass(question);
      return operationIn(question.request.headers) === 'ReceiveMessage'
        ? await received(emulator, question, answer)
        : { ...answer, detail: detailOf(question.body) };
    },
  });

const receivedSchema = z.object({
  Messages: z.array(z.object({ MessageId: z.string(), ReceiptHandle: z.string() })).default([]),
});

/** Messages for a caller that is gone are given back at once: in SQS too only an answer takes them away. */
const received = async (emulator: Emulator, question: Question, answer: Answer & { body: Buffer }) => {
  const messages =
    answer.status === 200 ? receivedSchema.parse(JSON.parse(answer.body.toString())).Messages : [];
  const isGone = question.request.socket.destroyed;
  const { QueueUrl } = requestSchema.parse(JSON.parse(question.body.toString()));
  if (isGone) for (const { ReceiptHandle } of messages) await giveBack(emulator, { QueueUrl, ReceiptHandle });
  const detail = { queue: queueIn(QueueUrl), messageIds: messages.map(({ MessageId }) => MessageId), isGone };
  return { ...answer, detail, isQuiet: answer.status === 200 && messages.length === 0 };
};

const giveBack = (emulator: Emulator, message: { QueueUrl: string; ReceiptHandle: string }) =>
  emulator.ask({
    method: 'POST',
    url: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.ChangeMessageVisibility',
    },
    payload: JSON.stringify({ ...message, VisibilityTimeout: 0 }),
  });

const requestSchema = z.object({ QueueUrl: z.string().default('') });
const queueIn = (queueUrl: string) => queueUrl.split('/').at(-1);

const detailOf = (body: Buffer) => {
  const request: unknown = JSON.parse(body.toString());
  return { queue: queueIn(requestSchema.parse(request).QueueUrl), request };
};

const operationIn = (headers: NodeJS.Dict<string | string[]>) =>
  String(headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
