import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { markerKeyOf, markerPrefix, markOf, taskMark } from '#core/platforms/github/marker.ts';
import { hmacHex } from '#core/signature.ts';

const taskId = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001';
const otherTask = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a002';
const mark = taskMark('key', { taskId, fence: 7 });
/** Of the releases that knew no fence. */
const markBefore = `<!-- agent-bot:task=${taskId} sig=${hmacHex('key', taskId)} -->`;
const fencePart = (of: string) => of.slice(0, of.indexOf('-->') + 3);
const taskPart = (of: string) => of.slice(of.indexOf('-->') + 3);

describe('the mark of a comment', () => {
  it('is known again at the end of a text, whatever stands before it', () => {
    const text = `done\n${taskMark('key', { taskId: otherTask, fence: 9 })}\n\n${mark}\r\n`;
    expect(markOf('key', taskId, text)).toStrictEqual({ taskId, fence: 7 });
    expect(markOf('key', otherTask, text)).toBeUndefined();
  });

  it('of a release that knew no fence is known, and so is ours to that release', () => {
    expect(markOf('key', taskId, `done\n\n${markBefore}`)).toStrictEqual({ taskId, fence: 0 });
    expect(mark.endsWith(markBefore)).toBe(true);
  });

  it.each([
    '',
    taskMark('another key', { taskId, fence: 7 }),
    taskMark('key', { taskId: otherTask, fence: 7 }).replaceAll(otherTask, taskId),
    mark.replace(/.{5} -->$/, '00000 -->'),
    `${mark} and more`,
    fencePart(mark),
  ])('is not known in %j', (text) => {
    expect(markOf('key', taskId, text)).toBeUndefined();
  });

  it.each([
    ['raised', mark.replace('fence=7', 'fence=8')],
    ['written otherwise', mark.replace('fence=7', 'fence=07')],
    ['signed by another key', fencePart(taskMark('another key', { taskId, fence: 8 })) + taskPart(mark)],
    ["another task's", fencePart(taskMark('key', { taskId: otherTask, fence: 8 })) + taskPart(mark)],
    ['taken away', taskPart(mark)],
  ])('says nothing by a fence that was %s', (_, text) => {
    expect(markOf('key', taskId, text)).toStrictEqual({ taskId, fence: 0 });
  });

  it('is hidden from readers and begins as the webhook expects', () => {
    expect(mark).toMatch(/^(?:<!--[^>]*-->){2}$/);
    expect(mark.startsWith(markerPrefix)).toBe(true);
  });
});

describe('the key of the marks', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it('is the same for either text of one App key, and no part of it', () => {
    expect(markerKeyOf(pkcs1)).toMatch(/^[0-9a-f]{64}$/);
    expect(markerKeyOf(pkcs1)).toBe(markerKeyOf(pkcs8));
  });

  it('is another for another key', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(markerKeyOf(other.export({ type: 'pkcs1', format: 'pem' }).toString())).not.toBe(
      markerKeyOf(pkcs1),
    );
  });
});
