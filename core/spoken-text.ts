// Which part of a markdown text a person says, and which part only shows something or nothing: code, quotes, hidden words.

type Span = readonly [start: number, end: number];
type Line = { start: number; end: number; text: string };
type Fence = { mark: string; length: number; indent: number };

/**
 * The same text at the same length, with everything blanked that is code (fenced, indented or inline), a quote, an HTML
 * comment, or what no reader sees (addresses, titles, words of pictures and tags), as CommonMark reads them. A line directly below a quote counts as the person's own. Linear time.
 * https://spec.commonmark.org/0.31.2/
 */
export const spokenText = (text: string): string => {
  const spans = paragraphsOf(text).flatMap((paragraph) => spokenSpans(text, paragraph));
  let blankedTo = 0;
  let spoken = '';
  for (const [start, end] of spans) {
    spoken += blank(text.slice(blankedTo, start)) + text.slice(start, end);
    blankedTo = end;
  }
  spoken += blank(text.slice(blankedTo));
  return spoken.replace(quotingTag, blank).replace(unseen, blank);
};

/** Code and quotes written as HTML; what is not closed goes to the end. */
const quotingTag = /<(pre|code|kbd|samp|blockquote|textarea)\b[^<>]*>(?:[\s\S]*?<\/\1\s*>|[\s\S]*)/gi;
/** A picture with its words, the address and title of a link, a definition of one, a tag with its attributes. */
const unseen =
  /!\[[^[\]]*\](?:\([^()]*\))?|\]\([^()]*\)|^ {0,3}\[[^[\]^][^[\]]*\]:.*(?:\n[ \t]*["'(].*)?|<\/?[a-z][^<>]*>/gim;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** Runs of lines of prose, in order, without the blocks of code, quotes and comments between them. */
const paragraphsOf = (text: string): Span[] => {
  const paragraphs: Span[] = [];
  let open: { start: number; end: number } | undefined;
  const close = () => {
    if (open) paragraphs.push([open.start, open.end]);
    open = undefined;
  };

  let block: Block = { kind: 'prose' };
  for (let line of linesOf(text)) {
    if (block.kind === 'comment') {
      const rest = afterComment(line);
      if (!rest) continue;
      block = { kind: 'prose' };
      line = rest;
    }
    block = nextBlock(block, line);
    if (block.kind !== 'prose' || isBlank(line)) close();
    else open = { start: open?.start ?? line.start, end: line.end };
  }
  close();
  return paragraphs;
};

type Block =
  | { kind: 'prose'; wasBlank?: boolean; inList?: boolean }
  | { kind: 'fence'; fence: Fence; closed: boolean }
  | { kind: 'quote' }
  | { kind: 'comment' }
  | { kind: 'indented' };

/** What the line belongs to, given what the line before it belonged to. */
const nextBlock = (before: Block, line: Line): Block => {
  if (before.kind === 'fence' && !before.closed) {
    return { ...before, closed: closesFence(before.fence, line.text) };
  }
  const fence = opensFence(line.text);
  if (fence) return { kind: 'fence', fence, closed: false };
  if (/^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*>/.test(line.text)) return { kind: 'quote' };
  if (/^ {0,3}<!--/.test(line.text) && !line.text.includes('-->')) return { kind: 'comment' };
  const inList = before.kind === 'prose' && before.inList === true;
  if (isBlank(line)) return before.kind === 'indented' ? before : { kind: 'prose', wasBlank: true, inList };
  const isIndented = /^(?: {4}| {0,3}\t)/.test(line.text);
  const mayBeCode = before.kind !== 'prose' || (before.wasBlank !== false && !inList);
  if (isIndented && mayBeCode) return { kind: 'indented' };
  const isItem = /^\s*(?:[-*+]|\d{1,9}[.)])\s/.test(line.text);
  return { kind: 'prose', wasBlank: false, inList: isItem || (inList && isIndentedAtAll(line)) };
};

const isBlank = ({ text }: Line): boolean => text.trim() === '';
const isIndentedAtAll = ({ text }: Line): boolean => /^\s/.test(text);

const opensFence = (text: string): Fence | undefined => {
  const [, before = '', mark = ''] = /^(\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*)(`{3,}|~{3,})/.exec(text) ?? [];
  if (!mark) return undefined;
  // backticks in what follows make it inline code
  if (mark.startsWith('`') && text.includes('`', before.length + mark.length)) return undefined;
  return { mark: mark.charAt(0), length: mark.length, indent: before.length };
};

const closesFence = ({ mark, length, indent }: Fence, text: string): boolean => {
  const [, before = '', run = ''] = /^(\s*)(`{3,}|~{3,})\s*$/.exec(text) ?? [];
  return run.startsWith(mark) && run.length >= length && before.length <= indent + 3;
};

const afterComment = (line: Line): Line | undefined => {
  const end = line.text.indexOf('-->');
  return end === -1 ? undefined : { ...line, start: line.start + end + 3, text: line.text.slice(end + 3) };
};

const linesOf = (text: string): Line[] => {
  let start = 0;
  return text.split('\n').map((line) => {
    const here = { start, end: start + line.length, text: line };
    start = here.end + 1;
    return here;
  });
};

/** The paragraph without its inline code and inline comments. A run of backticks ends at the next run as long. */
const spokenSpans = (text: string, [start, end]: Span): Span[] => {
  const paragraph = text.slice(start, end);
  const marks = [...paragraph.matchAll(/`+|<!--/g)];
  const closers = nextOfSame(marks.map(([mark]) => mark));
  const lastCommentEnd = paragraph.lastIndexOf('-->');
  const spans: Span[] = [];
  let spokenFrom = 0;
  for (const [index, { 0: mark, index: at }] of marks.entries()) {
    if (at < spokenFrom) continue; // inside what was just left out
    const isComment = mark === '<!--';
    if (isComment ? lastCommentEnd < at : closers[index] === undefined) continue; // never closed: plain characters
    const to = isComment ? paragraph.indexOf('-->', at) + 3 : endOfCode(marks[closers[index] ?? -1]);
    spans.push([start + spokenFrom, start + at]);
    spokenFrom = to;
  }
  spans.push([start + spokenFrom, end]);
  return spans;
};

const endOfCode = (closer: RegExpExecArray | undefined): number =>
  closer ? closer.index + closer[0].length : 0;

/** For each mark, the place of the next one that is the same. */
const nextOfSame = (marks: string[]): (number | undefined)[] => {
  const last = new Map<string, number>();
  return marks
    .map((mark, index) => ({ mark, index }))
    .reverse()
    .map(({ mark, index }) => {
      const next = last.get(mark);
      last.set(mark, index);
      return next;
    })
    .reverse();
};
