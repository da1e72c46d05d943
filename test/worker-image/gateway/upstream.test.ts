import { describe, expect, it } from 'vitest';
import { workerEnvSchema } from '#worker/env.ts';
import { createUpstream, modelChoice } from '#worker/gateway/upstream.ts';

const place = { MODEL_BASE_URL: 'https://model.example', MODEL_SECRET_ID: 'model' };
const asked = (secret: unknown) => {
  const ids: string[] = [];
  const read = (id: string) => {
    ids.push(id);
    return Promise.resolve(secret);
  };
  return { ids, reader: { read } };
};
const { BEDROCK, MODELS } = workerEnvSchema.shape;
const bedrock = BEDROCK.parse(
  '{"region":"eu-central-1","models":{"claude-opus-5-5":"eu.anthropic.claude-opus-5-5-v1:0"}}',
);

describe('the way to the model', () => {
  it.each([
    [{ apiKey: 'key', placeholder: 'x' }, { apiKey: 'key' }],
    [{ oauthToken: 'token' }, { oauthToken: 'token' }],
  ])('is opened with what the secret holds: %j', async (secret, identity) => {
    const upstream = createUpstream(place, asked(secret).reader);
    expect(await upstream()).toEqual({ baseUrl: place.MODEL_BASE_URL, ...identity });
  });

  it.each([{}, { apiKey: '' }, 'sk-text'])('is not opened with %j', async (secret) => {
    await expect(createUpstream(place, asked(secret).reader)()).rejects.toMatchObject({ name: 'ZodError' });
  });

  it('reads the secret for each run', async () => {
    const { ids, reader } = asked({ apiKey: 'key' });
    const upstream = createUpstream(place, reader);
    await upstream();
    await upstream();
    expect(ids).toEqual(['model', 'model']);
  });

  it('needs no secret at Bedrock', async () => {
    const { ids, reader } = asked({ apiKey: 'key' });
    const upstream = await createUpstream({ ...place, BEDROCK: bedrock }, reader)();
    expect(upstream).toMatchObject({ bedrock: { modelIds: bedrock?.models } });
    expect(ids).toEqual([]);
  });

  it.each(['', '{', '{}', '{"region":"eu-central-1"}'])('is not understood as %j', (text) => {
    expect(BEDROCK.safeParse(text).success).toBe(false);
  });
});

describe('the models of the house', () => {
  const MODEL = 'claude-opus-5-5';

  it('are its own and those that are named', () => {
    expect(modelChoice({ MODEL, MODELS: MODELS.parse('haiku,sonnet') })).toEqual({
      model: MODEL,
      models: ['haiku', 'sonnet'],
    });
  });

  it('are at Bedrock only those that have an id there', () => {
    expect(modelChoice({ MODEL, BEDROCK: bedrock })).toEqual({ model: MODEL, models: [MODEL] });
    expect(modelChoice({ MODEL, MODELS: ['claude-haiku-5-5'], BEDROCK: bedrock }).models).toEqual([]);
  });
});
