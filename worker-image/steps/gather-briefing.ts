// Collects what the agent is told besides the request: from GitHub what people said, from the bare repository the rest.
import { chooseComments } from '#worker/claude/briefing.ts';
import type { Briefing, Convention, PullChanges } from '#worker/claude/briefing.ts';
import type { Git } from '#worker/git/git.ts';
import type { Base, Head, Origin } from '#worker/git/origin.ts';
import type { StepContext } from './step-context.ts';

/** undefined when the thread is gone. */
export const gatherBriefing = async (
  { job, access, git }: Pick<StepContext, 'job' | 'access' | 'git'>,
  { base, head }: Origin,
): Promise<Briefing | undefined> => {
  const said = await access.comments();
  if (!said) return undefined;
  return {
    ...chooseComments(said, job.task.trigger),
    conventions: await readConventions(git, base.sha),
    pull: head && (await readChanges(git, { base, head })),
  };
};

const conventionFiles = ['CLAUDE.md', 'AGENTS.md'];
const maxConventionBytes = 32 * 1024;

/** Regular files of the root only: a link may lead anywhere. What they import with `@` stays the line that it is. */
export const readConventions = async (git: Git, sha: string): Promise<Convention[]> => {
  const listed = await git.run(['ls-tree', '-z', '--long', sha, '--', ...conventionFiles]);
  const conventions: Convention[] = [];
  for (const entry of listed.toString('latin1').split('\0')) {
    const { mode = '', object = '', bytes, path = '' } = entryPattern.exec(entry)?.groups ?? {};
    if (!mode.startsWith('100')) continue;
    if (Number(bytes) > maxConventionBytes) {
      conventions.push({ path, text: `[left out: larger than ${maxConventionBytes / 1024} KiB]` });
      continue;
    }
    const text = await git.run(['cat-file', 'blob', object], { maxBytes: maxConventionBytes });
    conventions.push({ path, text: text.toString('utf8') });
  }
  return conventions;
};

/** https://git-scm.com/docs/git-ls-tree#_output_format */
const entryPattern = /^(?<mode>\d+) \w+ (?<object>[0-9a-f]+) +(?<bytes>\d+|-)\t(?<path>.*)$/s;

const maxDiffBytes = 64 * 1024;
const maxListBytes = 32 * 1024 * 1024;
const maxFiles = 300;
const plainDiff = ['--no-ext-diff', '--no-textconv', '--no-color', '--no-renames', '--ignore-submodules=all'];

const readChanges = async (git: Git, { base, head }: { base: Base; head: Head }): Promise<PullChanges> => {
  const left = await git.attempt(['merge-base', base.sha, head.sha]);
  const since = left.code === 0 ? left.stdout.toString('latin1').trim() : base.sha;
  const ends = [since, head.sha];
  const listed = await git.attempt(['diff', ...plainDiff, '--name-status', '-z', ...ends, '--'], {
    maxBytes: maxListBytes,
    mayCut: true,
  });
  const fields = listed.stdout.toString('utf8').split('\0').slice(0, -1);
  const files = fields.flatMap((path, at) => (at % 2 === 1 ? [`${fields[at - 1]} ${path}`] : []));
  const diff = await git.attempt(['diff', ...plainDiff, ...ends, '--'], {
    maxBytes: maxDiffBytes,
    mayCut: true,
  });
  return {
    baseBranch: base.branch,
    headBranch: head.branch,
    isFork: head.isFork,
    since,
    files: files.slice(0, maxFiles),
    fileCount: files.length,
    diff: diff.stdout.toString('utf8'),
    isDiffCut: diff.isCut,
  };
};
