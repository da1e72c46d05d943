// What a command comes to: an exit code, the same facts for a program and for a person.

/** 0 done, 1 not done, 2 not understood, 3 no such thing. */
export type ExitCode = 0 | 1 | 2 | 3;

export type Answer = { code: Exclude<ExitCode, 2>; data: unknown; text: string };

/** One line that says what is wrong and what to do about it. */
export class Problem extends Error {
  override name = 'Problem';
  readonly code: Exclude<ExitCode, 0>;
  constructor(message: string, { code = 1, cause }: { code?: Exclude<ExitCode, 0>; cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code;
  }
}

type Unclear = { kind: 'not_found' } | { kind: 'ambiguous'; ids: string[] };

export const toUnclear = (answer: Unclear, what: string, ref: string): Answer =>
  answer.kind === 'not_found'
    ? { code: 3, data: answer, text: `There is no ${what} ${ref}.` }
    : {
        code: 1,
        data: answer,
        text: `${ref} is the beginning of more than one id: ${answer.ids.join(', ')}`,
      };
