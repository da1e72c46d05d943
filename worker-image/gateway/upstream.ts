// Where the model is and how we are let in there, from the worker's configuration.
import * as z from 'zod';
import { bedrockClient } from '#core/aws/bedrock-client.ts';
import type { SecretReader } from '#core/ports/secrets.ts';
import type { WorkerConfig } from '#worker/env.ts';
import type { Upstream } from './forward.ts';
import type { ModelChoice } from './models.ts';

type Place = Pick<WorkerConfig, 'BEDROCK' | 'MODEL_BASE_URL' | 'MODEL_SECRET_ID'>;
type Named = Pick<WorkerConfig, 'BEDROCK' | 'MODEL' | 'MODELS'>;

const secretSchema = z.union([
  z.object({ apiKey: z.string().min(1) }),
  z.object({ oauthToken: z.string().min(1) }),
]);

/** The secret is read for each run, so that a new one holds from the next run on. At Bedrock the worker's role is enough. */
export const createUpstream = (config: Place, secrets: SecretReader): (() => Promise<Upstream>) => {
  const { BEDROCK: bedrock } = config;
  if (bedrock) {
    const client = bedrockClient({ region: bedrock.region });
    return () => Promise.resolve({ bedrock: { client, modelIds: bedrock.models } });
  }
  return async () => ({
    baseUrl: config.MODEL_BASE_URL,
    ...secretSchema.parse(await secrets.read(config.MODEL_SECRET_ID)),
  });
};

/** At Bedrock there are only the models that have an id there. */
export const modelChoice = ({ MODEL: model, MODELS: named, BEDROCK: bedrock }: Named): ModelChoice => {
  if (!bedrock) return { model, models: named };
  const there = Object.keys(bedrock.models);
  return { model, models: named?.filter((name) => there.includes(name)) ?? there };
};
