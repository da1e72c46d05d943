import { commandOf } from './commands.ts';
import { extractOptions } from './options.ts';
import { spokenText } from './spoken-text.ts';
import type { Request } from './task.ts';

/**
 * What a person asks of the agent: `<mention> [command] [options] [text, many lines]`. The first mention outside code
 * and quotes wins. Options count on its line and on later lines that hold nothing else. undefined without a mention.
 */
export const parseRequest = (text: string, mention: string): Request | undefined => {
  const spoken = spokenText(text);
  const call = mentionPattern(mention).exec(spoken);
  if (!call) return undefined;

  const after = call.index + call[0].length;
  const { rest, options, problems } = readLines(text.slice(after), spoken.slice(after));
  const { command, argument } = splitCommand(rest);
  // "Could you look at this, @agent?" asks with the words before the mention
  const words = command === 'ask' && !/[\p{L}\p{N}]/u.test(argument) ? text.slice(0, call.index) : argument;
  return { command, text: words.trim(), options, ...(problems.length > 0 && { problems }) };
};

/** No part of an e-mail address, a path, a longer login (`@agent-smith`) or a team (`@agent/owners`). */
const mentionPattern = (mention: string): RegExp => {
  const name = mention.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return new RegExp(
    String.raw`(?<![\p{L}\p{N}_@/+-])${name}(?![\p{L}\p{N}_@/]|[-.]+[\p{L}\p{N}_])(?:\[bot\])?`,
    'iu',
  );
};

const readLines = (text: string, spoken: string) => {
  const spokenLines = spoken.split('\n');
  const options: Request['options'] = {};
  const problems: string[] = [];
  const lines = text.split('\n').flatMap((line, index) => {
    const found = extractOptions(line, spokenLines[index] ?? '');
    if (index > 0 && !found.isOnlyOptions) return [line];
    Object.assign(options, found.options);
    problems.push(...found.problems);
    return index > 0 && found.rest.trim() === '' ? [] : [found.rest];
  });
  return { rest: lines.join('\n'), options, problems };
};

/** Two words and nothing else on their line: "run ci and fix what fails" is work. */
const ciPattern = /^run[ \t]+ci(?:[ \t]+(?:please|now|again))?[ \t,:;.!]*(?=\r?\n|$)/i;

/** The first word, if it is a command; a mention without one asks for whatever its text says. */
const splitCommand = (text: string): { command: Request['command']; argument: string } => {
  const words = text.replace(/^[\s,:;.!?–—-]+/, '');
  const [ciCall] = ciPattern.exec(words) ?? [];
  if (ciCall !== undefined) return { command: 'run-ci', argument: words.slice(ciCall.length) };
  const [word = ''] = /^[a-z]+(?:-[a-z]+)*(?![\p{L}\p{N}_-])/iu.exec(words) ?? [];
  const command = commandOf(word);
  if (!command) return { command: 'ask', argument: text.replace(/^[\s,:;]+/, '') };
  return { command, argument: words.slice(word.length).replace(/^(?:[\s,:;]|[.!?]+(?=\s|$))+/, '') };
};
