import { setTimeout as delay } from 'node:timers/promises';
import type { InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { Functions } from '#core/ports/functions.ts';

/**
 * An idle VPC function goes inactive and its next calls fail with ResourceNotReady until its network is back; a young
 * account has 10 concurrent executions. Neither has run anything, so a repeat is safe.
 * https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 */
const notRunYet = new Set(['ResourceNotReadyException', 'TooManyRequestsException', 'EC2ThrottledException']);
const waitsMs = [500, 1_500, 4_000];

type Options = { sleep?: (ms: number) => Promise<unknown> };

export const createFunctions = (client: LambdaClient, { sleep = delay }: Options = {}): Functions => {
  const invoke = async (command: InvokeCommand, attempt = 0): Promise<InvokeCommandOutput> => {
    try {
      return await client.send(command);
    } catch (error) {
      const waitMs = waitsMs[attempt];
      if (waitMs === undefined || !(error instanceof Error && notRunYet.has(error.name))) throw error;
      await sleep(waitMs);
      return await invoke(command, attempt + 1);
    }
  };

  return {
    call: async (name, payload) => {
      const { FunctionError, Payload } = await invoke(toCommand(name, payload, 'RequestResponse'));
      if (FunctionError) throw new Error(`${name} failed: ${errorTypeOf(Payload)}`);
      return parse(Payload);
    },
    poke: async (name, payload) => {
      await invoke(toCommand(name, payload, 'Event'));
    },
  };
};

const toCommand = (name: string, payload: unknown, type: 'RequestResponse' | 'Event') =>
  new InvokeCommand({ FunctionName: name, InvocationType: type, Payload: JSON.stringify(payload) });

/** A function that returns undefined answers with nothing at all. */
const parse = (payload: Uint8Array | undefined): unknown =>
  payload?.length ? JSON.parse(new TextDecoder().decode(payload)) : null;

/** Only the type: the message may quote what a person wrote. */
const errorTypeOf = (payload: Uint8Array | undefined): string =>
  z.object({ errorType: z.string().max(100) }).safeParse(parse(payload)).data?.errorType ?? 'unknown';
