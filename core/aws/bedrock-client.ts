import type { BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';

type Place = Pick<BedrockRuntimeClientConfig, 'region' | 'endpoint' | 'credentials'>;

/** One attempt: whoever asks decides about another. Silent for at most five minutes, as a model that thinks may be. */
export const bedrockClient = (place: Place) =>
  new BedrockRuntimeClient({ maxAttempts: 1, requestHandler: { requestTimeout: 300_000 }, ...place });
