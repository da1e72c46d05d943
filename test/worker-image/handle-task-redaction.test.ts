// What the agent says or writes goes to many places. The model obeys whoever asks it to give a secret away.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Job } from '#core/job.ts';
import { encodings } from '#test/support/encodings.ts';
import { secretSamples } from '#test/support/secret-samples.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';

const canary = `canary-${randomBytes(30).toString('base64url')}`;
const unknown = secretSamples()['aws-access-key-id']![0]!.value;
let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  house.redactor.register('canary', canary);
  look = lookAt(house);
});
afterEach(() => assertNothingLeft(house));
afterAll(() => house.close());

/** A text that the agent finds on its machine, so that the request does not hold it. */
const onTheMachine = async (text: string): Promise<string> => {
  const file = join(house.folder, `found-${crypto.randomUUID()}`);
  await writeFile(file, text, { mode: 0o644 });
  return file;
};
const run = async (script: string): Promise<Job> => {
  const job = await house.aJob({ text: `do: ${script}` });
  await house.handle(job, new AbortController().signal);
  return job;
};
const blobsOf = ({ task }: Job) =>
  [...house.blobs].filter(([key]) => key.includes(task.id) || key.includes(task.threadKey));
const rowsOf = async ({ task }: Job) =>
  JSON.stringify([
    await house.database.query('select facts, outcome from tasks where id = $1', [task.id]),
    await house.database.query('select * from runs where task_id = $1', [task.id]),
  ]);

/** Every place that a job writes to, by name. */
const sinksOf = async (job: Job): Promise<Record<string, string>> => {
  const [pull] = look.pullsOf(job);
  const commit = await house.twin.git.commit(house.demo.gitDir, (await look.branchOf(job)) ?? '');
  return {
    comment: look
      .commentsOf(job)
      .map(({ body }) => body)
      .join('\n'),
    'pull request': JSON.stringify([pull?.title, pull?.body]),
    commit: commit?.message ?? '',
    bucket: blobsOf(job)
      .map(([, bytes]) => Buffer.from(bytes).toString())
      .join('\n'),
    database: await rowsOf(job),
    log: house.text(),
  };
};

describe('a secret that the agent says', () => {
  it.each([
    'as it is',
    'base64, one byte later',
    'hex',
    'reversed',
    'as in a URL, every byte',
    'in spaced letters',
  ] as const)('is in no comment, pull request, commit, bucket, database or log: %s', async (name) => {
    const said = encodings[name](canary);
    const file = await onTheMachine(`${said} was in my environment, and ${unknown} too`);
    const job = await run(
      `echo "{\\"type\\":\\"user\\",\\"said\\":\\"$(cat ${file})\\"}" >> "$transcript"; echo hello > note.txt; say=$(cat ${file})`,
    );
    const sinks = await sinksOf(job);
    for (const text of Object.values(sinks)) {
      expect(text).not.toContain(said);
      expect(text).not.toContain(unknown);
    }
    const { log: _, ...told } = sinks;
    for (const text of Object.values(told)) expect(text).toContain('[redacted:canary]');
  });

  it('is in no line of the log when it is the reason of a failure', async () => {
    const file = await onTheMachine(canary);
    const job = await run(`cat ${file} >&2; exit 7`);
    expect(JSON.stringify(await sinksOf(job))).not.toContain(canary);
    expect(look.commentsOf(job)[0]?.body).toContain('❌');
  });

  it('is one when it is the token of the job itself, whoever gave it to the agent', async () => {
    const file = await onTheMachine('');
    const running = run(`until [ -s ${file} ]; do sleep 0.05; done; say=$(cat ${file})`);
    const token = await vi.waitFor(
      () => house.twin.liveTokens().at(-1) ?? Promise.reject(new Error('none yet')),
      9_000,
    );
    await writeFile(file, encodings.base64(token));
    const sinks = await sinksOf(await running);
    expect(JSON.stringify(sinks)).not.toContain(encodings.base64(token));
    expect(sinks['comment']).toContain('[redacted:github-token]');
  });
});

describe('a change that holds a secret', () => {
  const alarms = () =>
    house.text().match(/"level":"error","message":"secret in the change","fields":\{[^}]*\}/g) ?? [];

  it.each([
    ['as it is', canary, 'note.txt:2: canary'],
    ['in base64', `x = "${encodings.base64(canary)}"`, 'note.txt:2: canary'],
    ['over two lines', encodings['in two texts put together'](canary), 'note.txt:2: canary'],
    ['that nobody told us of', `key: ${unknown}`, 'note.txt:2: aws-access-key-id'],
    [
      'that nobody told us of, in base64',
      encodings.base64(`key: ${unknown}`),
      'note.txt:2: aws-access-key-id',
    ],
  ])('%s is not stored and not pushed, and the thread says where it stands', async (_, text, words) => {
    const file = await onTheMachine(`one\n${text}\nthree\n`);
    const before = alarms().length;
    const job = await run(`cat ${file} > note.txt; say=done`);
    const stored = await house.tasks.get(job.task.id);
    expect(stored?.outcome).toMatchObject({ status: 'failed', reason: 'patch_refused' });
    expect(look.commentsOf(job)[0]?.body).toContain(words);
    expect(blobsOf(job).filter(([key]) => key.endsWith('.patch'))).toStrictEqual([]);
    expect(await look.branchOf(job)).toBeUndefined();
    expect(alarms().slice(before).join('')).toContain('note.txt');
    expect(JSON.stringify(await sinksOf(job))).not.toContain(text);
  });

  it('in the name of a file is not pushed', async () => {
    const job = await run(`echo hello > "$(cat ${await onTheMachine(canary)}).txt"; say=done`);
    expect((await house.tasks.get(job.task.id))?.outcome).toMatchObject({ reason: 'patch_refused' });
    expect(look.commentsOf(job)[0]?.body).toContain('[redacted:canary].txt:0: canary');
  });

  it('inside a binary file, where the patch shows nothing of it, is not pushed', async () => {
    const file = await onTheMachine(`\0\0\u0001${'binary '.repeat(40)}\n\0 ${canary}\n`);
    const job = await run(`cp ${file} data.bin; say=done`);
    expect((await house.tasks.get(job.task.id))?.outcome).toMatchObject({ reason: 'patch_refused' });
    expect(look.commentsOf(job)[0]?.body).toContain('data.bin:2: canary');
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it('that was in the repository before stops nothing, nor does what only looks alike', async () => {
    const job = await run('echo "AKIAIOSFODNN7EXAMPLE" > note.txt; say=done');
    expect((await house.tasks.get(job.task.id))?.outcome).toMatchObject({ status: 'succeeded' });
  });
});
