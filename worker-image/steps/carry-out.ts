// What the agent would like to be done beside its change: here it is checked against what the repository allows, and done.
import type { CarriedOut, ReviewComment } from '#core/intents.ts';
import type { JobFacts } from '#core/job.ts';
import type { InlineComment } from '#core/platforms/github/review-calls.ts';
import { harmless } from '#core/text.ts';
import type { DiffLines } from '#worker/git/diff-lines.ts';
import { diffLinesOf } from '#worker/git/diff-lines.ts';
import type { Head } from '#worker/git/origin.ts';
import type { Action } from './decide.ts';
import { toReviewBody } from './report-intents.ts';
import type { StepContext } from './step-context.ts';

type Wanted = Extract<Action, { kind: 'carry_out' }>;
type Part = Partial<CarriedOut>;
type Context = Pick<StepContext, 'job' | 'hold' | 'git' | 'policyAt' | 'log'> & {
  access: Pick<StepContext['access'], 'review' | 'addLabels'>;
  fetch: Pick<StepContext['fetch'], 'start'>;
};

/** Found or created, each of it: to carry out the same once more changes nothing. */
export const carryOutIntents = async (context: Context, wanted: Wanted): Promise<JobFacts> => {
  const { review, labels } = wanted.intents;
  const started = await context.fetch.start(wanted);
  if (started.kind === 'ended') {
    const problems = ['what was asked for beside: the commits that the work began from are gone'];
    return { carriedOut: { labels: [], problems } };
  }
  const parts = [
    review ? await writeReview(context, { ...wanted, comments: review.comments }) : {},
    labels ? await putLabels(context, { ...wanted, names: labels }) : {},
  ];
  const reviewed = parts.find((part) => part.review)?.review;
  return {
    carriedOut: {
      ...(reviewed && { review: reviewed }),
      labels: parts.flatMap((part) => part.labels ?? []),
      problems: parts.flatMap(({ problems = [] }) => problems),
    },
  };
};

type WantedReview = Wanted & { comments: readonly ReviewComment[] };

/** Where no pull request is worked on, our comment lists them. */
const writeReview = async (context: Context, wanted: WantedReview): Promise<Part> => {
  const { job, access, hold } = context;
  const { head, comments } = wanted;
  if (!head) return {};
  const lines = await linesOf(context, { ...wanted, head });
  const inline = comments.filter((comment) => lines.holds(comment));
  const elsewhere = comments.filter((comment) => !lines.holds(comment));
  const reviewed = await access.review({
    fence: job.fence,
    commitSha: head.sha,
    body: toReviewBody(job.task, elsewhere),
    comments: inline.map(toInline),
    wholeBody: toReviewBody(job.task, comments),
    hold,
  });
  if (reviewed.kind === 'written') return { review: { url: reviewed.url } };
  return { problems: [`the review: GitHub did not take it (${reviewed.status})`] };
};

/** A diff that is too much for git is too much for GitHub: then there is no line to comment on, and the body holds all. */
const linesOf = async (
  { git, log, job }: Context,
  { base, head, comments }: WantedReview & { head: Head },
): Promise<DiffLines> => {
  const paths = comments.map(({ path }) => path);
  try {
    return await diffLinesOf(git, { baseSha: base.sha, headSha: head.sha, paths });
  } catch (error) {
    // one that was told to stop does so before its next write
    log.warn('no diff to comment on', { taskId: job.task.id, error: String(error) });
    return { holds: () => false };
  }
};

const toInline = ({ path, line, startLine, side = 'RIGHT', body }: ReviewComment): InlineComment => ({
  path,
  line,
  ...(startLine !== undefined && startLine < line && { startLine }),
  side,
  body: harmless(body),
});

type WantedLabels = Wanted & { names: readonly string[] };

/** A label can start workflows, so only those that people have named in the policy. */
const putLabels = async (context: Context, { base, names }: WantedLabels): Promise<Part> => {
  const found = await context.policyAt(base.sha);
  const allowed = found.kind === 'policy' ? found.policy.labels : [];
  const wanted = names.map((name) => ({ name, known: allowed.find((one) => isSame(one, name)) }));
  const kept = [...new Set(wanted.flatMap(({ known }) => known ?? []))];
  const refused = wanted.filter(({ known }) => known === undefined).map(({ name }) => name);
  const notAllowed = refused.map(
    (name) => `${inTicks(name)}: \`.agent-bot.yml\` does not name it under labels`,
  );
  if (kept.length === 0) return { problems: notAllowed };
  const labelled = await context.access.addLabels({ names: kept, hold: context.hold });
  if (labelled.kind === 'refused')
    return { problems: [...notAllowed, `the labels: GitHub did not take them (${labelled.status})`] };
  const notThere = labelled.missing.map((name) => `${inTicks(name)}: the repository has no such label`);
  return { labels: labelled.added, problems: [...notAllowed, ...notThere] };
};

/** GitHub's labels know no case. */
const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

const inTicks = (name: string) => `the label \`${name.replaceAll('`', '')}\``;
