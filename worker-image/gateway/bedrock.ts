// The model at Amazon Bedrock: the same request in Bedrock's form, signed by the SDK, and its answer in the form of the
// Messages API.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
import type { BedrockRuntimeClient, ResponseStream } from '@aws-sdk/client-bedrock-runtime';
import {
  BedrockRuntimeServiceException,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import * as z from 'zod';
import type { Beta } from './betas.ts';
import type { ModelRequest } from './request.ts';

export type Bedrock = {
  client: BedrockRuntimeClient;
  /** Bedrock's id by the name in a request. */
  modelIds: Readonly<Record<string, string>>;
};

type Asked = { request: ModelRequest; betas: readonly Beta[]; signal: AbortSignal };

export const askBedrock = async ({ client, modelIds }: Bedrock, asked: Asked): Promise<Response> => {
  const { request, signal } = asked;
  const modelId = modelIds[request.model];
  if (modelId === undefined) throw new Error(`no id at Bedrock for ${request.model}`);
  const input = {
    modelId,
    contentType: 'application/json',
    accept: 'application/json',
    body: JSON.stringify(toBedrock(asked)),
  };
  try {
    if (!request.stream) {
      const { body } = await client.send(new InvokeModelCommand(input), { abortSignal: signal });
      return answerOf(200, new Uint8Array(body));
    }
    const command = new InvokeModelWithResponseStreamCommand(input);
    const { body } = await client.send(command, { abortSignal: signal });
    return new Response(ReadableStream.from(toEvents(body ?? none(), signal)), {
      headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    });
  } catch (error) {
    if (!(error instanceof BedrockRuntimeServiceException)) throw error;
    return answerOf(statusOf(error), JSON.stringify(toError(error)));
  }
};

/** Of the features in trial those that Bedrock has; it refuses a request that names another. */
const bedrockBetas = new Set<Beta>([
  'interleaved-thinking-2025-05-14',
  'context-management-2025-06-27',
  'effort-2025-11-24',
]);

/** Without the fields of the features that are left out. */
const toBedrock = ({ request, betas }: Asked) => {
  const { model: _, stream: __, thinking, messages, ...rest } = request;
  const left = betas.filter((beta) => bedrockBetas.has(beta));
  return {
    anthropic_version: 'bedrock-2023-05-31',
    ...(left.length > 0 && { anthropic_beta: left }),
    ...rest,
    ...(thinking && { thinking: { ...thinking, display: undefined } }),
    messages: messages.map(({ output_config: ___, ...message }) => message),
  };
};

const answerOf = (status: number, body: string | Uint8Array<ArrayBuffer>) =>
  new Response(body, { status, headers: { 'content-type': 'application/json' } });

const eventSchema = z.looseObject({ type: z.string().regex(/^\w+$/) });

async function* toEvents(
  body: AsyncIterable<ResponseStream>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  try {
    for await (const { chunk } of body) {
      if (!chunk?.bytes) continue;
      const event = eventSchema.parse(JSON.parse(Buffer.from(chunk.bytes).toString('utf8')));
      yield encoder.encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
  } catch (error) {
    if (!(error instanceof BedrockRuntimeServiceException)) throw error;
    yield encoder.encode(`event: error\ndata: ${JSON.stringify(toError(error))}\n\n`);
  }
  signal.throwIfAborted(); // a stream that was cut must not look like one that came to its end
}

async function* none(): AsyncGenerator<ResponseStream> {}

/** The SDK's name and message; the provider's own words for what was wrong. */
const toError = (error: BedrockRuntimeServiceException) => ({
  type: 'error',
  error: {
    type: errorTypes.get(statusOf(error)) ?? 'api_error',
    message: `${error.name}: ${error.message}`,
  },
});

/** One that comes in the middle of a stream has no metadata, whatever its type says. */
const statusOf = ({ $metadata }: BedrockRuntimeServiceException): number => $metadata?.httpStatusCode ?? 500;

const errorTypes = new Map([
  [400, 'invalid_request_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
]);
