// From the text of `.agent-bot.yml` to the policy, or to what is wrong with it: one line for each fault, in a person's words.
import { parseDocument } from 'yaml';
import type * as z from 'zod';
import type { Policy } from './policy.ts';
import { policySchema } from './policy.ts';

export type ParsedPolicy = { kind: 'policy'; policy: Policy } | { kind: 'bad'; errors: string[] };

const maxErrors = 20;

export const parsePolicy = (text: string): ParsedPolicy => {
  const read = readYaml(text);
  if ('errors' in read) return { kind: 'bad', errors: read.errors };
  const parsed = policySchema.safeParse(read.value ?? {}); // a file of comments is null
  if (parsed.success) return { kind: 'policy', policy: parsed.data };
  return { kind: 'bad', errors: parsed.error.issues.flatMap((issue) => linesOf(issue)).slice(0, maxErrors) };
};

type Read = { value: unknown } | { errors: string[] };

/** YAML 1.2 without aliases: a file of 64 KiB stays one, and `<<` is a key like any other. */
const readYaml = (text: string): Read => {
  try {
    const document = parseDocument(text, { stringKeys: true, logLevel: 'error', prettyErrors: false });
    const [fault] = document.errors; // the others mostly follow from it
    if (fault) return { errors: [`line ${lineAt(text, fault.pos[0])}: ${fault.message}`] };
    return { value: document.toJS({ maxAliasCount: 0 }) };
  } catch {
    return { errors: ['it holds an alias (`*name`), or is nested too deep: write the values out'] };
  }
};

const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length;

type Issue = z.core.$ZodIssue;

/** A value with several shapes is judged by the one that was meant: the first whose kind it has. */
const linesOf = (issue: Issue, before: readonly PropertyKey[] = []): string[] => {
  const path = [...before, ...issue.path];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((issues) => !issues.some(isOtherKind));
    if (meant) return meant.flatMap((inner) => linesOf(inner, path));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${toPath([...path, key])}: ${issue.message}`);
  }
  return [path.length === 0 ? `the file ${issue.message}` : `${toPath(path)}: ${issue.message}`];
};

const isOtherKind = ({ code, path }: Issue) =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');

/** `verify[0].minutes` */
const toPath = (path: readonly PropertyKey[]): string =>
  path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
