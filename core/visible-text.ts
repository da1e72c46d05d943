// Text from outside on its way to the agent: what a reader of the page does not see is made visible.

/**
 * Every character to be seen: those without a glyph (controls, formats, bidi, tags, fillers, selectors, private use)
 * stand there as `\u{202e}`. The selector that makes an emoji colourful is left out: it says nothing.
 */
export const visible = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .toWellFormed()
    .replace(emojiSelector, '')
    .replace(unseen, (char) => (char === '\n' || char === '\t' ? char : escaped(char)));

const emojiSelector = /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}#*0-9])\ufe0f/gu;
/** A braille cell without dots is a symbol to Unicode and empty to an eye. */
const unseen =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\u2028\u2029\u2800]/gu;

const escaped = (char: string): string => `\\u{${char.codePointAt(0)?.toString(16) ?? ''}}`;

/**
 * Visible markdown, as GitHub shows it: `hidden:` stands before what does not appear on the page, so a comment reads
 * `<hidden:!-- … -->`. Nothing is taken away, so nothing can be put together by what is; once more changes nothing.
 * https://github.github.com/gfm/
 */
export const visibleMarkdown = (text: string): string =>
  visible(text)
    // comments, declarations, CDATA, processing instructions: also unclosed ones, which hide all that follows
    .replace(/<(?=!--|![A-Za-z[]|\?)/g, '<hidden:')
    // the words of a picture, which stand there only while it does not
    .replace(/!(?=\[)/g, '!hidden:')
    .replace(linkTitle, '$1hidden:')
    .replace(definition, '$1hidden:')
    .replace(/<[a-z][^<>]*/gi, (tag) => tag.replace(tagWords, 'hidden:'));

/** `](address "title"`: shown when a mouse rests on it. */
const linkTitle =
  /(\]\([ \t]*\n?[ \t]*(?:<[^<>\n]*>|[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)(?:[ \t]+\n?[ \t]*|\n[ \t]*))(?=["'(])/g;
/** `[label]: address "title"` at the beginning of a line, also in a list or a quote; no footnote. */
const definition = /^((?:[ \t>*+-]|\d{1,9}[.)])*)(?=\[[^\][^][^\][]{0,998}\]:)/gm;
/** Words of a tag that a page does not show. */
const tagWords = /(?<=[\s"'/])(?=(?:alt|title|aria-[a-z]+|data-[a-z-]+)\s*=)/gi;
