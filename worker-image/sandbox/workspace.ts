// The agent's folder of one run. The supervisor makes room for it and never opens a path in it: whatever is written,
// read or removed in there is done by a process of the agent's uid, through a pipe.
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Base } from '#worker/git/origin.ts';
import type { ProcessLimits } from './agent-limits.ts';
import type { AgentUser } from './agent-user.ts';
import { killAgent } from './kill-agent.ts';
import { agentFolderIn, removePlace } from './left-folders.ts';
import { maxTranscriptBytes, transcriptSlug } from './transcript.ts';
import type { Taken } from './workspace-git.ts';
import { applyPatch, fill, takePatch, undo } from './workspace-git.ts';
import type { Hands } from './workspace-hands.ts';
import { handsIn } from './workspace-hands.ts';

export type Workspace = {
  home: string;
  tmp: string;
  /** Where the agent works: a clone of the base branch without a remote. */
  repository: string;
  /** What package managers keep outside of the repository: it stays when HOME and TMPDIR are made anew. */
  packages: string;
  fill: (bundle: Readable, branch: string) => Promise<void>;
  /** Below `packages`. */
  putPackageFile: (name: string, text: string) => Promise<void>;
  /**
   * After the setup: nothing of the agent runs, HOME and TMPDIR are new, and the files are those of the base and what git
   * ignores. False when the repository is of no use any more: then it is gone, and has to be filled again.
   */
  startAnew: (base: Base) => Promise<boolean>;
  /** Into the files, uncommitted; false when it does not fit. */
  applyPatch: (patch: Uint8Array) => Promise<boolean>;
  /** Everything that differs from the base, committed or not. */
  takePatch: (baseSha: string, signal?: AbortSignal) => Promise<Taken>;
  /** A session's transcript, as the CLI will look for it. */
  putTranscript: (sessionId: string, transcript: Uint8Array) => Promise<void>;
  /** As the agent left it: a claim. undefined when there is none, or one that nobody would read. */
  takeTranscript: (sessionId: string, signal?: AbortSignal) => Promise<Buffer | undefined>;
  remove: () => Promise<void>;
};

type WorkspaceInput = {
  runsDir: string;
  /** Of the folder: the same for all runs of a thread, because a session remembers paths. */
  name: string;
  /** Takes the place of `name` where another run has left its folder. */
  otherName: string;
  user: AgentUser;
  limits?: ProcessLimits | undefined;
  signal: AbortSignal;
};

export const createWorkspace = async (input: WorkspaceInput): Promise<Workspace> => {
  const { runsDir, user, signal } = input;
  signal.throwIfAborted();
  await mkdir(runsDir, { recursive: true });
  await chmod(runsDir, 0o711);
  const place = await makePlace(input);
  const root = agentFolderIn(place);
  // on Fargate the supervisor has no CHOWN: the agent's uid makes the folder itself, and nothing else beside it
  await chmod(place, 0o733);
  await handsIn(place, input).run('mkdir', ['-m', '700', '--', root], { signal: always });
  await chmod(place, 0o711);

  const hands = { ...handsIn(root, input), ...foldersIn(root) };
  const own = [hands.home, hands.tmp, hands.packages];
  await hands.run('mkdir', ['-m', '700', '--', ...own], { signal: always });
  return {
    ...foldersIn(root),
    putPackageFile: (name, text) => putPackageFile(hands, name, text),
    startAnew: (base) => startAnew(hands, user, base),
    fill: (bundle, branch) => fill(hands, bundle, branch),
    applyPatch: (patch) => applyPatch(hands, patch),
    takePatch: (baseSha, signal) => takePatch(hands, baseSha, signal),
    putTranscript: (sessionId, transcript) => putTranscript(hands, sessionId, transcript),
    takeTranscript: (sessionId, signal) => takeTranscript(hands, sessionId, signal),
    remove: async () => {
      if (user.kind === 'separate') await killAgent(user, 0); // what the agent's own git settings may have started
      await removePlace(place, user);
    },
  };
};

/** For what makes the folder, also after the job was told to stop. */
const always = new AbortController().signal;

const makePlace = async ({ runsDir, name, otherName }: WorkspaceInput): Promise<string> => {
  const place = join(runsDir, name);
  try {
    await mkdir(place);
    return place;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    // on a laptop only: a worker that was killed left its folder, or one that lost its lease is not gone yet
    await mkdir(join(runsDir, otherName));
    return join(runsDir, otherName);
  }
};

const foldersIn = (root: string) => ({
  home: join(root, 'home'),
  tmp: join(root, 'tmp'),
  repository: join(root, 'work'),
  packages: join(root, 'packages'),
});

type Folders = Hands & ReturnType<typeof foldersIn>;

const putPackageFile = async ({ packages, run }: Folders, name: string, text: string) => {
  const script = 'mkdir -p -- "$(dirname -- "$1")" && exec cat > "$1"';
  await run('sh', ['-c', script, 'sh', join(packages, name)], { stdin: Buffer.from(text) });
};

const startAnew = async (folders: Folders, user: AgentUser, base: Base): Promise<boolean> => {
  const endAll = async () => void (user.kind === 'separate' && (await killAgent(user, 0)));
  const { root, home, tmp, repository, packages, run } = folders;
  await endAll();
  const isWhole = await undo(folders, base);
  await endAll(); // git may have started a filter that the setup left in its settings
  if (!isWhole) await run('rm', ['-rf', '--', repository]);
  const others = ['-mindepth', '1', '-maxdepth', '1', '!', '-path', repository, '!', '-path', packages];
  await run('chmod', ['-R', 'u+rwX', '--', root]);
  await run('find', [root, ...others, '-exec', 'rm', '-rf', '--', '{}', '+']);
  await run('mkdir', ['-m', '700', '--', home, tmp]);
  return isWhole;
};

const transcriptDeadlineMs = 15_000;

const putTranscript = async (
  { home, repository, run }: Folders,
  sessionId: string,
  transcript: Uint8Array,
) => {
  const folder = join(home, '.claude', 'projects', transcriptSlug(repository));
  const script = 'umask 077 && mkdir -p -- "$1" && exec cat > "$1/$2.jsonl"';
  await run('sh', ['-c', script, 'sh', folder, sessionId], {
    stdin: transcript,
    deadlineMs: transcriptDeadlineMs,
  });
};

const takeTranscript = async ({ attempt }: Folders, sessionId: string, signal?: AbortSignal) => {
  const script =
    'for file in "$HOME"/.claude/projects/*/"$1.jsonl"; do [ -f "$file" ] && exec cat -- "$file"; done; exit 1';
  const { code, stdout, isCut } = await attempt('sh', ['-c', script, 'sh', sessionId], {
    signal,
    maxBytes: maxTranscriptBytes,
    deadlineMs: transcriptDeadlineMs,
  });
  return code === 0 && !isCut ? stdout : undefined;
};
