// The repository's policy, from the bare repository at the base commit: never from a folder that the agent can write.
import type { ParsedPolicy } from '#core/parse-policy.ts';
import { parsePolicy } from '#core/parse-policy.ts';
import { defaultPolicy, policyFile } from '#core/policy.ts';
import type { Git } from '#worker/git/git.ts';
import type { PolicyFound } from './step-context.ts';

const maxPolicyBytes = 64 * 1024;
const misspelt = '.agent-bot.yaml';

/** As a step needs it: a rule that nobody can read is no leave to work without rules. */
export const createPolicyAt = (git: Git) => {
  const known = new Map<string, Promise<ParsedPolicy>>();
  return async (sha: string): Promise<PolicyFound> => {
    const reading = known.get(sha) ?? readPolicy(git, sha);
    known.set(sha, reading);
    const read = await reading;
    if (read.kind === 'policy') return read;
    const detail = read.errors.map((error) => `- ${error}`).join('\n');
    return { kind: 'ended', outcome: { status: 'failed', reason: 'bad_policy', detail } };
  };
};

/** Without a file the safe defaults. A file that cannot be used is no file of defaults: it would open what people closed. */
const readPolicy = async (git: Git, sha: string): Promise<ParsedPolicy> => {
  const listed = await git.run(['ls-tree', '-z', '--long', sha, '--', policyFile, misspelt]);
  const entries = listed.toString('latin1').split('\0').map(toEntry);
  const entry = entries.find(({ path }) => path === policyFile);
  if (!entry) {
    return entries.some(({ path }) => path === misspelt)
      ? bad(`it has to be called ${policyFile}`)
      : withoutFile;
  }
  if (!entry.mode.startsWith('100')) return bad('it has to be a regular file, no link and no folder');
  if (entry.bytes > maxPolicyBytes) return bad(`it is larger than ${maxPolicyBytes / 1024} KiB`);
  const text = await git.run(['cat-file', 'blob', entry.object], { maxBytes: maxPolicyBytes });
  return parsePolicy(text.toString('utf8'));
};

/** `<mode> <type> <object> <size>\t<path>`: https://git-scm.com/docs/git-ls-tree#_output_format */
const toEntry = (line: string) => {
  const [before = '', path = ''] = line.split('\t');
  const [mode = '', , object = '', bytes = ''] = before.split(/ +/);
  return { mode, object, bytes: Number(bytes), path };
};

const withoutFile: ParsedPolicy = { kind: 'policy', policy: defaultPolicy };
const bad = (error: string): ParsedPolicy => ({ kind: 'bad', errors: [error] });
