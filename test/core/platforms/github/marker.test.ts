import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { carriesTaskMark, markerKeyOf, markerPrefix, taskMark } from '#core/platforms/github/marker.ts';

const taskId = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001';
const otherTask = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a002';

describe('the mark of a comment', () => {
  it('is known again at the end of a text, whatever stands before it', () => {
    const text = `done\n${taskMark('key', otherTask)}\n\n${taskMark('key', taskId)}\r\n`;
    expect(carriesTaskMark('key', taskId, text)).toBe(true);
    expect(carriesTaskMark('key', otherTask, text)).toBe(false);
  });

  it.each([
    '',
    taskMark('another key', taskId),
    taskMark('key', otherTask).replace(otherTask, taskId),
    taskMark('key', taskId).replace(/.{5} -->/, '00000 -->'),
    `${taskMark('key', taskId)} and more`,
  ])('is not known in %j', (text) => {
    expect(carriesTaskMark('key', taskId, text)).toBe(false);
  });

  it('is hidden from readers and begins as the webhook expects', () => {
    expect(taskMark('key', taskId)).toMatch(/^<!--[^>]*-->$/);
    expect(taskMark('key', taskId).startsWith(markerPrefix)).toBe(true);
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
