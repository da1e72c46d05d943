import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRedactor } from '#core/redact.ts';
import { threadCommentsOf } from '#core/platforms/github/thread-comments.ts';
import { createOctokit } from '#core/platforms/github/octokit.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { mintToken, startTwin } from '#test/local/github/start-twin.ts';

let house: House;
let token: string;
beforeAll(async () => {
  house = await startTwin();
  token = await mintToken(house);
});
afterEach(() => house.faults.clear());
afterAll(() => house.close());

const read = (number: number) => {
  const octokit = createOctokit({
    baseUrl: house.twin.apiUrl,
    auth: token,
    paceId: crypto.randomUUID(),
    redactor: createRedactor(),
  });
  const identity = { appId: String(house.twin.app.id), botLogin: `${house.twin.app.slug}[bot]` };
  return threadCommentsOf(octokit, { thread: { repository: house.demo.repository, number }, identity });
};
const anIssue = () =>
  house.twin.openIssue({ repository: house.demo.repository, login: house.demo.writer, title: 'x' }).number;
const say = (number: number, login: string, body: string) =>
  house.twin.comment({ repository: house.demo.repository, number, login, body }).commentId;

describe('the comments of a thread', () => {
  it('come with who wrote them, and what they are to the repository', async () => {
    const number = anIssue();
    const commentId = say(number, house.demo.writer, 'hello');
    say(number, house.demo.stranger, 'hi');
    expect(await read(number)).toMatchObject({
      total: 2,
      comments: [
        {
          id: String(commentId),
          author: house.demo.writer,
          role: 'COLLABORATOR',
          isOurs: false,
          body: 'hello',
        },
        { author: house.demo.stranger, role: 'NONE' },
      ],
    });
  });

  it('know ours by the App that wrote it, without its mark', async () => {
    const number = anIssue();
    const issue = house.twin.repository(house.demo.repository).issues.get(number)!;
    const mark = '<!-- agent-bot:fence=1 sig=2 -->\n<!-- agent-bot:task=1 sig=2 -->';
    say(number, house.demo.stranger, `mine\n\n${mark}`);
    const commentId = say(number, house.demo.writer, `done\n\n${mark}`);
    const ours = issue.comments.find(({ id }) => id === commentId)!;
    ours.user = house.twin.createAccount(`${house.twin.app.slug}[bot]`, 'Bot');
    expect((await read(number))?.comments).toMatchObject([
      { isOurs: false, body: `mine\n\n${mark}` },
      { isOurs: true, body: 'done' },
    ]);
  });

  it('are the newest of many', async () => {
    const number = anIssue();
    for (let index = 0; index < 230; index += 1) say(number, house.demo.writer, `${index}`);
    const found = await read(number);
    expect(found?.total).toBe(230);
    expect(found?.comments.at(0)?.body).toBe('100');
    expect(found?.comments.at(-1)?.body).toBe('229');
  });

  it.each([404, 410])('are gone with the thread: %i', async (status) => {
    house.faults.inject({ call: /^GET .*\/issues\/1$/, fault: { kind: 'answer', status } });
    expect(await read(1)).toBeUndefined();
  });

  it.each([
    { kind: 'answer' as const, status: 403, headers: { 'retry-after': '60' } },
    { kind: 'answer' as const, status: 500 },
  ])('are asked for again later after $status', async (fault) => {
    house.faults.inject({ call: /^GET .*\/comments$/, fault, times: 5 });
    await expect(read(1)).rejects.toHaveProperty('status', fault.status);
  });
});
