// Pages for a person who wants to look at what happened. Everything from outside is text: the html template escapes it.
import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import { html, raw } from 'hono/html';
import type { Journal } from '#local/journal.ts';
import type { Twin } from './access.ts';
import { repositoryAt } from './access.ts';
import type { Html } from './markdown.ts';
import { renderMarkdown } from './markdown.ts';
import { style } from './page-style.ts';
import { isoTime } from './site.ts';
import { reviewBlock } from './review-block.ts';
import type { Account, Issue, Pull, Reaction, Repository } from './world.ts';

export const createPages = (twin: Twin, journal: Journal): Hono => {
  const pages = new Hono();
  const found = (c: HonoContext) => {
    const repository = repositoryAt(twin, c);
    return { repository, issue: repository?.issues.get(Number(c.req.param('number'))) };
  };

  pages.get('/', (c) => c.html(page('Repositories', home([...twin.world.repositories.values()]))));
  pages.get('/journal', (c) => c.html(page('Journal', journalTable(journal))));
  pages.get('/:owner/:name', (c) => {
    const { repository } = found(c);
    return repository ? c.html(page(repository.fullName, repositoryPage(repository))) : c.notFound();
  });
  pages.get('/:owner/:name/issues/:number{\\d+}', (c) => {
    const { repository, issue } = found(c);
    if (!repository || !issue) return c.notFound();
    if (issue.pull) return c.redirect(`/${repository.fullName}/pull/${issue.number}`);
    return c.html(page(`${issue.title} #${issue.number}`, threadPage(repository, issue)));
  });
  pages.get('/:owner/:name/pull/:number{\\d+}', async (c) => {
    const { repository, issue } = found(c);
    if (!repository || !issue?.pull) return c.notFound();
    const diff = await twin.git.diff(repository.gitDir, issue.pull.baseSha, issue.pull.headSha);
    const content = html`${threadPage(repository, issue)} ${diffBlock(diff)}`;
    return c.html(page(`${issue.title} #${issue.number}`, content));
  });
  pages.notFound((c) => c.html(page('Not found', html`<h1>There is nothing here</h1>`), 404));
  return pages;
};

const page = (title: string, content: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · GitHub twin</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <header><a href="/">GitHub twin</a> <a href="/journal">journal</a></header>
        <main>${content}</main>
      </body>
    </html>`;

const home = (repositories: readonly Repository[]): Html => html`
  <h1>Repositories</h1>
  <ul class="list">
    ${repositories.map(({ fullName }) => html`<li><a href="/${fullName}">${fullName}</a></li>`)}
  </ul>
`;

const repositoryPage = (repository: Repository): Html => {
  const issues = [...repository.issues.values()].toReversed();
  return html`
    <h1>${repository.fullName} <small>${repository.private ? 'private' : 'public'}</small></h1>
    <h2>Pull requests</h2>
    ${threadList(
      repository,
      issues.filter(({ pull }) => pull),
    )}
    <h2>Issues</h2>
    ${threadList(
      repository,
      issues.filter(({ pull }) => !pull),
    )}
  `;
};

const threadList = ({ fullName }: Repository, issues: readonly Issue[]): Html =>
  issues.length === 0
    ? html`<p class="quiet">none</p>`
    : html`<ul class="list">
        ${issues.map(
          ({ number, title, state, user, comments, pull }) =>
            html`<li>
              <a href="/${fullName}/${pull ? 'pull' : 'issues'}/${number}">${title}</a>
              <small>#${number} · ${state} · ${user.login} · ${comments.length} comments</small>
            </li>`,
        )}
      </ul>`;

const threadPage = (repository: Repository, issue: Issue): Html => html`
  <p><a href="/${repository.fullName}">${repository.fullName}</a></p>
  <h1>${issue.title} <small>#${issue.number}</small></h1>
  <p><span class="state ${issue.state}">${issue.state}</span> ${issue.pull ? branches(issue.pull) : ''}</p>
  <p class="labels">${issue.labels.map(({ name }) => html`<span>${name}</span>`)}</p>
  ${post(opening(issue), issue.body ?? '')} ${issue.comments.map((comment) => post(comment, comment.body))}
  ${issue.pull?.reviews.map(reviewBlock) ?? ''}
`;

const opening = ({ user, createdAt, reactions, id }: Issue): Post => ({ user, createdAt, reactions, id });

const branches = ({ headBranch, baseBranch, headSha }: Pull): Html =>
  html`<code>${headBranch}</code> → <code>${baseBranch}</code> at <code>${headSha.slice(0, 7)}</code>`;

type Post = {
  user: Account;
  createdAt: number;
  /** A comment's; an issue's changes with every comment. */
  updatedAt?: number;
  reactions: readonly Reaction[];
  id: number;
};

const emoji = {
  '+1': '👍',
  '-1': '👎',
  laugh: '😄',
  confused: '😕',
  heart: '❤️',
  hooray: '🎉',
  rocket: '🚀',
  eyes: '👀',
};

const post = ({ user, createdAt, updatedAt = createdAt, reactions, id }: Post, body: string): Html => html`
  <article id="issuecomment-${id}">
    <h3>${user.login} <small>${isoTime(createdAt)}${updatedAt > createdAt ? ' · edited' : ''}</small></h3>
    ${body ? renderMarkdown(body) : html`<p class="quiet">no description</p>`}
    <p class="reactions">
      ${reactions.map(({ content, user: by }) => html`<span title="${by.login}">${emoji[content]}</span>`)}
    </p>
  </article>
`;

const diffBlock = (diff: string): Html => html`
  <h2>Changes</h2>
  <pre class="diff">
${diff
      .trimEnd()
      .split('\n')
      .map((line) => html`<span class="${lineClass(line)}">${line} </span>`)}</pre>
`;

const lineClass = (line: string): string => {
  if (/^(?:diff|index|---|\+\+\+|new|deleted|old|similarity|rename) ?/.test(line)) return 'file';
  if (line.startsWith('@@')) return 'place';
  if (line.startsWith('+')) return 'added';
  return line.startsWith('-') ? 'removed' : '';
};

const journalTable = (journal: Journal): Html => {
  const rows = journal.entries().map(
    ({ at, twin, call, status, detail }) =>
      html`<tr>
        <td>${new Date(at).toISOString().slice(11, 23)}</td>
        <td>${twin}</td>
        <td><code>${call}</code></td>
        <td class="${status >= 400 || status === 0 ? 'removed' : ''}">${status}</td>
        <td>
          <details>
            <summary>facts</summary>
            <pre>${JSON.stringify(detail, null, 2)}</pre>
          </details>
        </td>
      </tr>`,
  );
  return html`<h1>Journal</h1>
    <table>
      ${rows}
    </table>`;
};
