import { describe, expect, it } from 'vitest';
import { parseIntents } from '#core/intents.ts';

const fence = '```';
const block = (value: unknown, mark = fence) =>
  `${mark}agent-bot\n${typeof value === 'string' ? value : JSON.stringify(value)}\n${mark}`;
const comment = { path: 'src/total.js', line: 3, body: 'This subtracts.' };
const withComments = (...comments: unknown[]) => parseIntents(block({ review: { comments } }));

describe('the block of an answer', () => {
  it('is taken out of it and read', () => {
    const labels = ['bug'];
    expect(parseIntents(`I looked.\n\n${block({ review: { comments: [comment] }, labels })}\n`)).toEqual({
      text: 'I looked.',
      intents: { review: { comments: [comment] }, labels },
      problems: [],
    });
  });

  it.each(['I looked.', '', 'The block ```agent-bot is none here', '```json\n{}\n```'])(
    'is none in %j',
    (answer) => {
      expect(parseIntents(answer)).toEqual({ text: answer, problems: [] });
    },
  );

  it('is the last one of several, and words may stand behind it', () => {
    const answer = `${block({ labels: ['one'] })}\nThen:\n${block({ labels: ['two'] }, '~~~~')}\nDone.`;
    const { text, intents } = parseIntents(answer);
    expect(intents).toEqual({ labels: ['two'] });
    expect(text).toBe(`${block({ labels: ['one'] })}\nThen:\nDone.`);
  });

  it('is none inside another fence', () => {
    const quoted = `Such a block looks so:\n\n\`\`\`\`text\n${block({ labels: ['bug'] })}\n\`\`\`\``;
    expect(parseIntents(quoted)).toEqual({ text: quoted, problems: [] });
  });

  it('is not ended by a fence in one of its texts', () => {
    const body = 'Better:\n```js\nprice + tax\n```';
    expect(withComments({ ...comment, body }).intents?.review?.comments[0]?.body).toBe(body);
  });

  it('is read with line ends of any kind', () => {
    expect(parseIntents(block({ labels: ['bug'] }).replaceAll('\n', '\r\n')).intents).toEqual({
      labels: ['bug'],
    });
  });

  it.each([
    ['that has no end', `${fence}agent-bot\n{}`, 'it has no end'],
    ['that is no JSON', block('{'), 'it is not JSON'],
    ['that is a list', block([]), 'it is not JSON with `review` or `labels`'],
    ['with another key', block({ labels: ['bug'], merge: true }), 'it is not JSON with'],
    ['that is too large', block({ labels: ['x'.repeat(200 * 1024)] }), 'it is larger than 200 KiB'],
    ['that is nested too deep', block('['.repeat(50_000)), 'it is not JSON'],
  ])('%s is left out and named', (_, answer, problem) => {
    const { text, intents, problems } = parseIntents(`I looked.\n${answer}`);
    expect([text, intents]).toEqual(['I looked.', undefined]);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('is found in linear time, whatever surrounds it', () => {
    const hostile = [`${fence}agent-bot `, '~'.repeat(1_000), '`'.repeat(1_000), ' '.repeat(1_000), '{'];
    const answer = Array.from({ length: 20_000 }, (_, at) => hostile[at % hostile.length]).join('\n');
    expect(parseIntents(answer).intents).toBeUndefined();
  });
});

describe('a review', () => {
  it.each([
    ['an approval', { event: 'APPROVE', comments: [comment] }],
    ['another pull request', { pull_number: 7, comments: [comment] }],
    ['no comments', {}],
    ['a list', [comment]],
  ])('with %s is left out and named', (_, review) => {
    const { intents, problems } = parseIntents(block({ review, labels: ['bug'] }));
    expect(intents).toEqual({ labels: ['bug'] });
    expect(problems).toEqual(['the review: it is no list of `comments`, or more than that']);
  });

  it.each([
    ['another key', { ...comment, commit_id: 'x' }],
    ['no body', { ...comment, body: ' \n' }],
    ['no line', { ...comment, line: 0 }],
    ['half a line', { ...comment, line: 1.5 }],
    ['a line beyond all files', { ...comment, line: 1e9 }],
    ['a range that runs backwards', { ...comment, startLine: 4 }],
    ['another side', { ...comment, side: 'BOTH' }],
    ['a path out of the repository', { ...comment, path: '../../etc/passwd' }],
    ['a path from the root', { ...comment, path: '/etc/passwd' }],
    ['a path with what cannot be seen', { ...comment, path: 'a\u0000b' }],
    ['a path with half a character', { ...comment, path: 'a\ud800' }],
    ['a path without end', { ...comment, path: 'x'.repeat(501) }],
  ])('goes without a comment with %s, and says that', (_, faulty) => {
    const { intents, problems } = withComments(comment, faulty);
    expect(intents?.review?.comments).toEqual([comment]);
    expect(problems).toEqual(['1 comments of the review: they are not as they have to be']);
  });

  it('holds thirty comments at most, and says how many were left out', () => {
    const { intents, problems } = withComments(...Array.from({ length: 1_000 }, () => comment));
    expect(intents?.review?.comments).toHaveLength(30);
    expect(problems).toEqual(['970 comments of the review: 30 are the most']);
  });

  it('cuts a comment of more than 4 KiB, and makes visible what is not', () => {
    const { intents } = withComments({ ...comment, body: `\u202e\u0000${'é'.repeat(4_000)}` });
    const body = intents?.review?.comments[0]?.body ?? '';
    expect(body.startsWith('\\u{202e}\\u{0}é')).toBe(true);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4 * 1024);
    expect(body.endsWith('\n\n[cut]')).toBe(true);
  });
});

describe('labels', () => {
  it('are five at most, each once, and only names', () => {
    const labels = ['bug', ' bug ', 7, 'a\nb', 'docs', 'sixth'];
    expect(parseIntents(block({ labels }))).toEqual({
      text: '',
      intents: { labels: ['bug', 'docs'] },
      problems: ['2 labels: they are no names of labels', '1 labels: 5 are the most'],
    });
  });

  it('that are no list are left out and named', () => {
    expect(parseIntents(block({ labels: 'bug' })).problems).toEqual(['the labels: they are no list']);
  });
});
