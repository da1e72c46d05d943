// What a failing test says, as `node --test` prints it.
import { fileURLToPath } from 'node:url';

/** A call of one function that gave something else than the test wants. */
export type Failure = {
  /** The test's file. */
  file: string;
  call: { name: string; args: Value[] };
  expected: Value;
  actual: Value;
};
export type Value = string | number;

export type TestOutput = { passed: number; failed: number; failures: Failure[] };

/** undefined when this is no output of a test run. */
export const readTestOutput = (output: string): TestOutput | undefined => {
  const passed = /^\W*pass (\d+)$/m.exec(output);
  const failed = /^\W*fail (\d+)$/m.exec(output);
  if (!passed || !failed) return undefined;
  return { passed: Number(passed[1]), failed: Number(failed[1]), failures: failuresIn(output) };
};

const told = /: ([A-Za-z_$][\w$]*)\((.*)\) should be (.+), got (.+)$/;

const failuresIn = (output: string): Failure[] =>
  output.split(/^(?=.*\[ERR_ASSERTION\])/m).flatMap((part) => {
    const [, name, args = '', expected = '', actual = ''] = told.exec(part.split('\n')[0] ?? '') ?? [];
    const [, url] = /\((file:\/\/[^)]+?):\d+:\d+\)/.exec(part) ?? [];
    const values = [...splitArguments(args), expected, actual].map(valueOf);
    const [known, wanted, got] = [values.slice(0, -2), values.at(-2), values.at(-1)];
    if (!name || !url || wanted === undefined || got === undefined || known.includes(undefined)) return [];
    const read = known.filter((value) => value !== undefined);
    return [{ file: fileURLToPath(url), call: { name, args: read }, expected: wanted, actual: got }];
  });

const splitArguments = (text: string): string[] => text.match(/'[^']*'|"[^"]*"|[^,\s]+/g) ?? [];

const valueOf = (text: string): Value | undefined => {
  const [, quoted] = /^(?:'(.*)'|"(.*)")$/.exec(text)?.filter((part) => part !== undefined) ?? [];
  if (quoted !== undefined) return quoted;
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
};
