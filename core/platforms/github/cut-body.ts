import { cutText } from '#core/cut-text.ts';

/** GitHub takes 65,536 characters of a comment or a pull request, and refuses the whole of a longer one. */
const maxBodyBytes = 65_000;

/** The body, or as much of it as GitHub takes; `mark` is room that the caller needs behind it. */
export const cutBody = (body: string, mark = ''): string =>
  cutText(body, maxBodyBytes - Buffer.byteLength(mark), '\n\n[cut]') + mark;
