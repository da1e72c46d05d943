// The little of Markdown that makes a comment readable. Text goes through the escaping template, piece by piece.
import { html } from 'hono/html';

export type Html = ReturnType<typeof html>;

/** HTML comments (our own marks) are not shown, as on GitHub; any other HTML is shown as the text it is. */
export const renderMarkdown = (text: string): Html[] =>
  text
    .replaceAll('\r\n', '\n')
    .split(/^(```[^\n]*\n[\s\S]*?^```[ \t]*$)/m)
    .map((part) => (part.startsWith('```') ? fence(part) : blocks(part.replaceAll(/<!--[\s\S]*?-->/g, ''))));

const fence = (part: string): Html => {
  const lines = part.trimEnd().split('\n').slice(1, -1);
  return html`<pre>${lines.join('\n')}</pre>`;
};

const blocks = (text: string): Html =>
  html`${text
    .split(/\n{2,}/)
    .filter((block) => block.trim())
    .map(block)}`;

const block = (text: string): Html => {
  const lines = text.trim().split('\n');
  const [heading] = lines.length === 1 ? (/^#{1,6} (.+)$/.exec(text.trim())?.slice(1) ?? []) : [];
  if (heading) return html`<h4>${inline(heading)}</h4>`;
  if (lines.every((line) => /^\s*[-*] /.test(line))) {
    return html`<ul>
      ${lines.map((line) => html`<li>${inline(line.replace(/^\s*[-*] /, ''))}</li>`)}
    </ul>`;
  }
  if (lines.every((line) => line.startsWith('>'))) {
    return html`<blockquote>
      ${block(lines.map((line) => line.replace(/^> ?/, '')).join('\n') || ' ')}
    </blockquote>`;
  }
  return html`<p>${lines.map((line, index) => html`${index > 0 ? html`<br />` : ''}${inline(line)}`)}</p>`;
};

const inline = (line: string): Html[] =>
  line
    .split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\][]+\]\(https?:\/\/[^\s()]+\)|https?:\/\/[^\s<>()]*[^\s<>().,:;!?])/)
    .map((piece) => {
      const [, label, target] = /^\[([^\][]+)\]\((https?:\/\/[^\s()]+)\)$/.exec(piece) ?? [];
      if (label && target) return html`<a href="${target}">${label}</a>`;
      if (/^`.+`$/.test(piece)) return html`<code>${piece.slice(1, -1)}</code>`;
      if (/^\*\*.+\*\*$/.test(piece)) return html`<strong>${piece.slice(2, -2)}</strong>`;
      return /^https?:\/\//.test(piece) ? html`<a href="${piece}">${piece}</a>` : html`${piece}`;
    });
