// The edit that turns what a function gave into what the tests want, worked out from the source and from the calls.
import type { Failure, Value } from './test-output.ts';

/** What the Edit tool takes; `reason` is for the person. */
export type ComputedEdit = { oldText: string; newText: string; reason: string };

type Calls = readonly [Failure, ...Failure[]];

/** undefined when neither another operator nor another piece of a string literal explains every failing call. */
export const computeEdit = (source: string, failures: Calls): ComputedEdit | undefined => {
  const edit = otherOperator(source, failures) ?? otherLiteral(source, failures);
  return edit && source.split(edit.oldText).length === 2 ? edit : undefined;
};

const operators = new Map<string, (left: number, right: number) => number>([
  ['+', (left, right) => left + right],
  ['-', (left, right) => left - right],
  ['*', (left, right) => left * right],
  ['/', (left, right) => left / right],
  ['%', (left, right) => left % right],
]);

const otherOperator = (source: string, failures: Calls): ComputedEdit | undefined => {
  const [{ call }] = failures;
  const definition = definitionOf(source, call.name);
  const [oldText, left, operator, right] =
    /return\s+([\w$.]+)\s*([-+*/%])\s*([\w$.]+)\s*;?/.exec(definition?.body ?? '') ?? [];
  if (!definition || !oldText || !left || !operator || !right) return undefined;

  const gives = (symbol: string, { call }: Failure) => {
    const known = new Map(definition.parameters.map((name, index) => [name, call.args[index]]));
    const [a, b] = [known.get(left) ?? Number(left), known.get(right) ?? Number(right)];
    return typeof a === 'number' && typeof b === 'number' ? operators.get(symbol)?.(a, b) : undefined;
  };
  const explains = (symbol: string, of: (failure: Failure) => Value) =>
    failures.every((failure) => gives(symbol, failure) === of(failure));
  if (!explains(operator, ({ actual }) => actual)) return undefined;
  const fitting = [...operators.keys()].filter((symbol) => explains(symbol, ({ expected }) => expected));
  const [found] = fitting;
  if (!found || fitting.length > 1) return undefined;
  const at = oldText.indexOf(operator, oldText.indexOf(left) + left.length);
  return {
    oldText,
    newText: oldText.slice(0, at) + found + oldText.slice(at + 1),
    reason: `\`${call.name}\` calculated with \`${operator}\` where \`${found}\` gives what the test expects`,
  };
};

const definitionOf = (source: string, name: string) => {
  const start = new RegExp(
    String.raw`\bfunction\s+${name.replaceAll('$', String.raw`\$`)}\s*\(([^)]*)\)\s*\{`,
  ).exec(source);
  if (!start) return undefined;
  const parameters = (start[1] ?? '').split(',').map((parameter) => parameter.trim());
  const end = source.indexOf('\n}', start.index);
  return { parameters, body: source.slice(start.index, end === -1 ? undefined : end) };
};

const otherLiteral = (source: string, failures: Calls): ComputedEdit | undefined => {
  for (const [oldText, quote = '', content = ''] of source.matchAll(/(['"`])((?:(?!\1)[^\\\n])+)\1/g)) {
    const wanted = wantedLiteral(content, failures[0]);
    if (wanted === undefined || /['"`\\$\n]/.test(wanted)) continue;
    const explains = failures.every(
      ({ expected, actual }) => typeof actual === 'string' && actual.replace(content, wanted) === expected,
    );
    if (!explains) continue;
    return {
      oldText,
      newText: quote + wanted + quote,
      reason: `the text \`${content.trim()}\` in \`${failures[0].call.name}\` is \`${wanted.trim()}\` in the test`,
    };
  }
  return undefined;
};

/** What the literal would have to be, if the texts differ only inside of it. */
const wantedLiteral = (literal: string, { expected, actual }: Failure): string | undefined => {
  if (typeof expected !== 'string' || typeof actual !== 'string') return undefined;
  const at = actual.indexOf(literal);
  if (at === -1 || !expected.startsWith(actual.slice(0, at))) return undefined;
  const rest = actual.slice(at + literal.length);
  if (!expected.endsWith(rest) || expected.length < at + rest.length) return undefined;
  const wanted = expected.slice(at, expected.length - rest.length);
  return wanted === literal || wanted === '' ? undefined : wanted;
};
