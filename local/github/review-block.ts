// A review on the page of its pull request, with its comments on lines.
import { html } from 'hono/html';
import type { Html } from './markdown.ts';
import { renderMarkdown } from './markdown.ts';
import { isoTime } from './site.ts';
import type { InlineComment, Review } from './world.ts';

/** A pending one is its author's alone; whoever looks at the twin is told that it is there. */
export const reviewBlock = ({ id, user, state, submittedAt, body, comments }: Review): Html => html`
  <article id="pullrequestreview-${id}">
    <h3>
      ${user.login}
      <small
        >review · ${state.toLowerCase()}${submittedAt === null ? '' : ` · ${isoTime(submittedAt)}`}</small
      >
    </h3>
    ${renderMarkdown(body)} ${comments.map(inlineComment)}
  </article>
`;

const inlineComment = ({ path, line, startLine, side, body }: InlineComment): Html => html`
  <p>
    <code>${path}:${startLine === undefined ? '' : `${startLine}-`}${line}</code>
    ${side === 'LEFT' ? html`<small>as it was before</small>` : ''}
  </p>
  <blockquote>${renderMarkdown(body)}</blockquote>
`;
