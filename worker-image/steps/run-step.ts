// The step that costs money: one run of the agent, paid once. What it made is in the bucket before Postgres hears of it.
import type { Checkpoint, JobFacts } from '#core/job.ts';
import { jobFactsSchema } from '#core/job.ts';
import type { CapName } from '#core/money.ts';
import type { Policy } from '#core/policy.ts';
import type { RunReport } from '#core/task.ts';
import { isSaved } from '#worker/lease/stopped.ts';
import type { Ran } from '#worker/run/run-agent.ts';
import type { Action, Wait } from './decide.ts';
import { gatherBriefing } from './gather-briefing.ts';
import { toProgress } from './report.ts';
import type { StepContext, Stepped } from './step-context.ts';
import { ended } from './step-context.ts';

type Run = Extract<Action, { kind: 'run' }>;

export const run = async (context: StepContext, facts: JobFacts, origin: Run): Promise<Stepped> => {
  const { job, git, signal } = context;
  const said = await context.say(toProgress('working', facts), facts);
  const paid = await findPaidRun(context);
  if (paid) return await keepMemory(context, paid);

  const started = await context.fetch.start(origin);
  if (started.kind === 'ended') return ended('cloned', started.outcome, said);
  const found = await context.policyAt(origin.base.sha);
  if (found.kind === 'ended') return ended('cloned', found.outcome, said);
  const { policy } = found;
  const briefing = await gatherBriefing(context, origin);
  if (!briefing) return ended('cloned', { status: 'failed', reason: 'thread_gone', detail: '' }, said);
  const money = await reserve(context, policy);
  if (money.kind === 'refused') return noMoney(money, said);
  const earlier = await recall(context, facts);
  const keep = async (ran: Ran) => void (await storeRun(context, said, ran));
  const ran = await context.runAgent({
    job,
    base: started.start,
    briefing,
    git,
    signal,
    budgetUsd: money.usd,
    policy,
    keep,
    ...earlier,
  });
  switch (ran.result.kind) {
    case 'interrupted':
      return await saveInterrupted(context, ran, ran.result.patch);
    case 'failed': {
      const { failure, detail, unfinished } = ran.result;
      const failures = { ...facts.failures, [failure]: (facts.failures?.[failure] ?? 0) + 1 };
      const saved = unfinished && { checkpoint: await saveWork(context, ran, unfinished.patch) };
      return {
        step: 'cloned',
        facts: { ...said, failures, ...saved },
        next: { kind: 'failed', failure, detail },
      };
    }
    case 'patch':
      return await keepMemory(context, await storeRun(context, said, ran));
    case 'ended':
      return await keepMemory(
        context,
        await storeRun(context, { ...said, outcome: ran.result.outcome }, ran),
      );
  }
};

/** The policy's cap is one for the task in all its runs. */
const reserve = async ({ job: { task, fence }, money, budgetUsd }: StepContext, { caps }: Policy) => {
  const { budgetUsd: asked = budgetUsd } = task.request.options;
  const left = caps.budgetUsd === undefined ? budgetUsd : caps.budgetUsd - (await money.spent(task.id));
  if (left < leastUsd) return { kind: 'refused', cap: 'task', until: null } as const;
  return await money.reserve({ taskId: task.id, fence, wantUsd: Math.min(asked, budgetUsd, left) });
};

/** With less no run comes to an answer. */
const leastUsd = 0.01;

const paidKey = ({ job: { task, facts } }: StepContext) => {
  const { beginnings = 1 } = facts;
  return `tasks/${task.id}/run${beginnings > 1 ? `-${beginnings}` : ''}.json`;
};

/** A run whose end Postgres never heard of. */
const findPaidRun = async (context: StepContext): Promise<JobFacts | undefined> => {
  const paid = await context.blobs.get(paidKey(context));
  return paid && jobFactsSchema.parse(JSON.parse(Buffer.from(paid).toString()));
};

/** Told twice, the later one stands: then it knows more of the same run. */
const storeRun = async (context: StepContext, facts: JobFacts, ran: Ran): Promise<JobFacts> => {
  const { job, blobs, hold } = context;
  const patch = ran.result.kind === 'patch' ? ran.result.patch : undefined;
  await hold();
  const patchKey = patch ? `tasks/${job.task.id}/${job.fence}.patch` : null;
  if (patch && patchKey) await blobs.put(patchKey, patch, 'text/x-diff');
  const transcriptKey = await putTranscript(context, ran);
  const { sessionId } = ran;
  const whole = { ...facts, sessionId, report: await reportOf(context, ran), patchKey, transcriptKey };
  // before Postgres hears of it: should that fail, the next worker finds the run here and pays for no other
  await blobs.put(paidKey(context), Buffer.from(JSON.stringify(whole)), 'application/json');
  return whole;
};

/** As the last run ended, with the money of all runs of the task. */
const reportOf = async ({ job, money }: StepContext, { report }: Ran): Promise<RunReport> => ({
  ...report,
  usage: { ...report.usage, costUsd: await money.spent(job.task.id) },
});

/** The thread's next task goes on from this session. */
const keepMemory = async ({ job, memory }: StepContext, facts: JobFacts): Promise<Stepped> => {
  const { sessionId, transcriptKey } = facts;
  if (sessionId && transcriptKey) {
    await memory.put({ threadKey: job.task.threadKey, sessionId, transcriptKey });
  }
  return { step: 'ran', facts };
};

const putTranscript = async (
  { job, blobs }: StepContext,
  { transcript, sessionId }: Ran,
): Promise<string | null> => {
  if (!transcript) return null;
  const key = `threads/${job.task.threadKey}/${sessionId}-${job.task.id}-${job.fence}.jsonl`;
  await blobs.put(key, transcript, 'application/x-ndjson');
  return key;
};

const saveInterrupted = async (
  context: StepContext,
  ran: Ran,
  patch: Uint8Array | undefined,
): Promise<Stepped> => {
  const { reason } = context.signal as { reason: unknown }; // of an aborted signal anything may be the reason
  if (!isSaved(reason)) throw reason;
  const checkpoint = await saveWork(context, ran, patch);
  return { step: 'cloned', facts: { checkpoint }, next: { kind: 'stopped', reason } };
};

/** Without asking for the fence: nobody reads it unless the row takes it, and the row does ask. */
const saveWork = async (
  context: StepContext,
  ran: Ran,
  patch: Uint8Array | undefined,
): Promise<Checkpoint> => {
  const { job, blobs } = context;
  const patchKey = patch ? `tasks/${job.task.id}/${job.fence}.unfinished.patch` : null;
  if (patch && patchKey) await blobs.put(patchKey, patch, 'text/x-diff');
  return { sessionId: ran.sessionId, transcriptKey: await putTranscript(context, ran), patchKey };
};

type Earlier = Pick<Parameters<StepContext['runAgent']>[0], 'session' | 'unfinished'>;

/** The interrupted run of this task, or the last one of the thread. */
const recall = async ({ job, blobs, memory }: StepContext, { checkpoint }: JobFacts): Promise<Earlier> => {
  const known = checkpoint ?? (await memory.get(job.task.threadKey));
  const transcript = known?.transcriptKey ? await blobs.get(known.transcriptKey) : undefined;
  const session = known && transcript && { sessionId: known.sessionId, transcript };
  if (!checkpoint) return { session };
  const patch = checkpoint.patchKey === null ? undefined : await blobs.get(checkpoint.patchKey);
  return { session, unfinished: { patch } };
};

type Refused = { cap: CapName; until: Date | null };

const noMoney = ({ cap, until }: Refused, said: JobFacts): Stepped => {
  const detail = capTexts[cap];
  if (!until) return ended('cloned', { status: 'failed', reason: 'over_budget', detail }, said);
  const wait: Wait = { reason: 'over_budget', afterMs: Math.max(0, until.getTime() - Date.now()), detail };
  return { step: 'cloned', facts: said, next: { kind: 'wait', wait } };
};

const capTexts: { [C in CapName]: string } = {
  task: 'The money for this request is spent.',
  thread_day: 'The money for this thread is spent for today.',
  user_day: 'Your money is spent for today.',
  installation_month: 'The money of this installation is spent for this month.',
  all_month: 'The money of the whole house is spent for this month.',
};
