// The script of the demo. It knows how to go about a failing test; what is wrong it learns from the tools' results alone.
import { dirname, resolve } from 'node:path';
import type { Conversation, Script, ToolStep } from './conversation.ts';
import { computeEdit } from './compute-edit.ts';
import type { ModelTurn } from './messages-api.ts';
import type { Failure } from './test-output.ts';
import { readTestOutput } from './test-output.ts';

/** The worker's prompt says the command word first and quotes the rest of what was written. */
const asked = /\b(?:fix |command: fix\.[^]*?)the failing (?:([a-z][\w-]*) )?test\b/i;

/** Runs the test, reads the test and the source, edits, runs the test again, says how it ended. */
export const fixFailingTest: Script = ({ prompt, steps }: Conversation): ModelTurn => {
  const [words = ''] = prompt.split('\nMaterial:', 1); // what others wrote is no request
  const request = asked.exec(words);
  if (!request) return {}; // nothing that it knows how to do: it ends without a word
  const command = request[1] ? `npm run test:${request[1].toLowerCase()}` : 'npm test';
  const [firstRun, testRead, sourceRead, edit, secondRun] = steps;

  if (!firstRun) return bash(command, 'Run the failing test', 'I run the test first.');
  const [failure, ...others] = readTestOutput(firstRun.result)?.failures ?? [];
  if (!failure) return { text: nothingToFix(command, firstRun) };
  if (!testRead) return read(failure.file, `${describe(failure)} I look at the test.`);
  const source = sourceOf(failure, numberless(testRead.result));
  if (!source)
    return {
      text: `${describe(failure)} But ${failure.file} does not import it from a file that I can find.`,
    };
  if (!sourceRead) return read(source, `The function comes from ${source}.`);
  const computed = computeEdit(numberless(sourceRead.result), [failure, ...others]);
  if (!computed)
    return {
      text: `${describe(failure)} I could not work out from ${source} what is wrong, and changed nothing.`,
    };
  const { oldText, newText, reason } = computed;
  if (!edit) {
    const input = { file_path: source, old_string: oldText, new_string: newText };
    return { text: `In ${source} ${reason}.`, tools: [{ name: 'Edit', input }] };
  }
  if (edit.isError) return { text: `I could not edit ${source}: ${edit.result.slice(0, 200)}` };
  if (!secondRun) return bash(command, 'Run the test again', 'Now the test again.');
  return { text: summary({ command, failure, reason, file: named(source, failure), secondRun }) };
};

const bash = (command: string, description: string, text: string): ModelTurn => ({
  text,
  tools: [{ name: 'Bash', input: { command, description } }],
});

const read = (path: string, text: string): ModelTurn => ({
  text,
  tools: [{ name: 'Read', input: { file_path: path } }],
});

const nothingToFix = (command: string, { result }: ToolStep): string => {
  const output = readTestOutput(result);
  if (!output) return `\`${command}\` did not run a test that I can read: ${result.slice(0, 300)}`;
  return output.failed === 0
    ? `\`${command}\` passes already (${output.passed} tests): there is nothing to fix.`
    : `\`${command}\` fails, but its output does not tell what was expected: I changed nothing.`;
};

const describe = ({ call, expected, actual }: Failure): string =>
  `\`${shown(call)}\` should give \`${expected}\`, but gives \`${actual}\`.`;

const shown = ({ name, args }: Failure['call']): string =>
  `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;

/** Where the test imports the called function from. */
const sourceOf = ({ file, call }: Failure, test: string): string | undefined => {
  for (const [, names = '', from = ''] of test.matchAll(
    /import\s*\{([^}]*)\}\s*from\s*['"](\.[^'"]+)['"]/g,
  )) {
    if (names.split(',').some((name) => name.trim() === call.name)) return resolve(dirname(file), from);
  }
  return undefined;
};

/** The Read tool puts the number and a tab before every line. */
const numberless = (text: string): string => text.replace(/^\s*\d+(?:\t|→)/gm, '');

const named = (source: string, { file }: Failure): string => source.slice(dirname(file).length + 1);

type Done = { command: string; failure: Failure; reason: string; file: string; secondRun: ToolStep };

const summary = ({ command, failure, reason, file, secondRun }: Done): string => {
  const output = readTestOutput(secondRun.result);
  if (!output || output.failed > 0) {
    return `In \`${file}\`, ${reason}. I changed that, but \`${command}\` still fails: please have a look.`;
  }
  const { call, expected, actual } = failure;
  return `Fixed \`${file}\`: ${reason}. \`${shown(call)}\` gave \`${actual}\` instead of \`${expected}\`; \`${command}\` passes now (${output.passed} of ${output.passed + output.failed}).`;
};
