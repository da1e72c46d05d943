// What a run begins with: the base in the files, what an interrupted run did, and the session that it goes on with.
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Job } from '#core/job.ts';
import type { Policy } from '#core/policy.ts';
import type { Log } from '#core/ports/log.ts';
import type { Briefing } from '#worker/claude/briefing.ts';
import { goOnPrompt, toPrompt } from '#worker/claude/prompt.ts';
import type { Git } from '#worker/git/git.ts';
import type { Base } from '#worker/git/origin.ts';
import { filterTranscript } from '#worker/sandbox/transcript.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';
import type { Doors, Prepared } from './doors.ts';
import type { Opening } from './run-cli.ts';

export type Session = { sessionId: string; transcript: Uint8Array };
/** What a run had done when it ended early; undefined when no file had changed. */
export type Unfinished = { patch: Uint8Array | undefined };

type OpenInput = {
  job: Job;
  base: Base;
  briefing: Briefing;
  policy: Pick<Policy, 'labels'>;
  git: Git;
  session?: Session | undefined;
  unfinished?: Unfinished | undefined;
  /** What comes before the agent: the setup of the repository. */
  prepare: Doors['prepare'];
};
type Opened = { opening: Opening; anew: () => Opening; prepared: Prepared };

export const openRun = async (workspace: Workspace, input: OpenInput, log: Log): Promise<Opened> => {
  const { base, git, session, unfinished } = input;
  const fill = async () => {
    const bundle = git.stream(['bundle', 'create', '--quiet', '-', `refs/heads/${base.branch}`]);
    await Promise.all([workspace.fill(bundle.stdout, base.branch), bundle.ended]);
  };
  await fill();
  const prepared = await input.prepare(fill);

  const isRestored = unfinished ? await restore(workspace, unfinished, log) : false;
  const withNote = (prompt: string) => (prepared.note === '' ? prompt : `${prompt}${prepared.note}\n`);
  const anew = () => ({
    prompt: withNote(toTaskPrompt(input, isRestored && unfinished?.patch !== undefined)),
    sessionId: randomUUID(),
    isResumed: false,
  });
  // a session without its files would go on from a state that is not there
  const isUsable = session && (!unfinished || isRestored) && (await resume(workspace, session, log));
  if (!isUsable) return { opening: anew(), anew, prepared };
  const prompt = withNote(unfinished ? goOnPrompt : toTaskPrompt(input, false));
  return { opening: { prompt, sessionId: session.sessionId, isResumed: true }, anew, prepared };
};

const toTaskPrompt = ({ job, base, briefing, policy }: OpenInput, isUnfinished: boolean): string =>
  toPrompt({ ...job.task, branch: base.branch, briefing, labels: policy.labels, isUnfinished });

const restore = async (workspace: Workspace, { patch }: Unfinished, log: Log): Promise<boolean> => {
  const isRestored = patch === undefined || (await workspace.applyPatch(patch));
  if (!isRestored) log.warn('unfinished work does not apply: it begins anew', { bytes: patch?.length });
  return isRestored;
};

const resume = async (workspace: Workspace, session: Session, log: Log): Promise<boolean> => {
  const sessionId = z.uuid().safeParse(session.sessionId).data;
  const transcript =
    sessionId && filterTranscript(session.transcript, { sessionId, cwd: workspace.repository });
  if (!transcript) {
    log.warn('session is not readable: it begins anew', { sessionId });
    return false;
  }
  try {
    await workspace.putTranscript(sessionId, transcript);
    return true;
  } catch (error) {
    log.warn('session not restored: it begins anew', { sessionId, error: String(error) });
    return false;
  }
};
