import { afterAll, beforeAll, expect, it } from 'vitest';
import type { House } from './start-twin.ts';
import { asToken, cloneWithChange, git, mintToken, startTwin } from './start-twin.ts';

let house: House;
beforeAll(async () => {
  house = await startTwin();
});
afterAll(() => house.close());

const look = async (path: string) => {
  const answer = await fetch(`${house.twin.webUrl}${path}`);
  return { status: answer.status, text: await answer.text() };
};

it('leads a person from the list to the thread and its comments', async () => {
  house.twin.comment({
    repository: house.demo.repository,
    number: 1,
    login: 'demo',
    body: 'please **look** at https://x.example/a.\n\n- one\n- two',
  });
  expect((await look('/')).text).toContain(`href="/${house.demo.repository}"`);
  expect((await look(`/${house.demo.repository}`)).text).toContain('The total test fails');
  const { text } = await look(`/${house.demo.repository}/issues/1`);
  expect(text).toContain('<strong>look</strong>');
  expect(text).toContain('<a href="https://x.example/a">https://x.example/a</a>.');
  expect(text).toContain('article > :not(h3)');
  expect(text).toMatch(/<li>one<\/li>\s*<li>two<\/li>/);
});

it.each([
  '<script>alert(1)</script>',
  '```\n<script>alert(1)</script>\n```',
  '**<script>alert(1)</script>** `<script>`',
  '[<script>](https://x.example/"onmouseover="alert(1)) [x](javascript:alert(1))',
  '> <img src=x onerror=alert(1)>',
  '# <script>alert(1)</script>',
  '- <script>alert(1)</script>',
])('shows hostile text as text: %j', async (body) => {
  const { number } = house.twin.openIssue({
    repository: house.demo.repository,
    login: 'demo',
    title: body,
    body,
  });
  const { text } = await look(`/${house.demo.repository}/issues/${number}`);
  expect(text).not.toMatch(/<script|<img|href="javascript|" ?onmouseover="/i);
  expect(text).toContain('&lt;');
});

it('does not show our hidden marks', async () => {
  const body = 'seen <!-- agent-bot:task secret-mark --> too';
  const { number } = house.twin.openIssue({
    repository: house.demo.repository,
    login: 'demo',
    title: 'marked',
    body,
  });
  const { text } = await look(`/${house.demo.repository}/issues/${number}`);
  expect(text).not.toContain('secret-mark');
});

it('shows a pull request with its coloured diff', async () => {
  const token = await mintToken(house);
  const { folder } = await cloneWithChange(house, { token, branch: 'agent/page' });
  await git(house, folder, 'push', '--quiet', 'origin', 'agent/page');
  const { data } = await asToken(house, token).request('POST /repos/{owner}/{repo}/pulls', {
    ...house.at,
    title: 'A note',
    head: 'agent/page',
    base: 'main',
  });
  const { text } = await look(`/${house.demo.repository}/pull/${data.number}`);
  expect(text).toMatch(/<span class="added">\+written on agent\/page\s*<\/span>/);
  expect((await look('/journal')).text).toContain('git-receive-pack');
});

it('has a page for what is not there', async () => {
  expect((await look('/nobody/nothing')).status).toBe(404);
  expect((await look(`/${house.demo.repository}/issues/999`)).status).toBe(404);
});
