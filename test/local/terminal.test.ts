import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entry } from '#local/journal.ts';
import { createProgress } from '#local/progress.ts';
import { tell } from '#local/story.ts';
import { createTerminal } from '#local/terminal.ts';

const anOutput = (isTTY = false) => {
  const written: string[] = [];
  return { written, out: { isTTY, write: (text: string) => written.push(text) } };
};

describe('a long wait', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is told on a terminal after two seconds, on one line that goes away', () => {
    const { written, out } = anOutput(true);
    const progress = createProgress(out, (text) => text);
    progress.waitFor('the request is under way');

    vi.advanceTimersByTime(1_900);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1_200);
    expect(written.at(-1)).toContain('the request is under way, 3 s');

    progress.interrupt();
    expect(written.at(-1)).toBe('\r\u001b[K');
    progress.close();
  });

  it('is told in a log every five seconds, and not when nothing is waited for', () => {
    const { written, out } = anOutput();
    const progress = createProgress(out, (text) => text);
    progress.waitFor('starting the parts');
    vi.advanceTimersByTime(11_000);
    expect(written).toHaveLength(2);

    progress.waitFor(undefined);
    vi.advanceTimersByTime(60_000);
    expect(written).toHaveLength(2);
    progress.close();
  });
});

describe('the terminal', () => {
  it('keeps a step within 80 columns, whatever is said', () => {
    const { written, out } = anOutput();
    const terminal = createTerminal(out, false);
    terminal.step(1234, 'model', 'word '.repeat(50));
    terminal.close();

    expect(written.join('')).toMatch(/^ {2}1\.23 s {2}model /);
    expect(written.join('').trimEnd().length).toBeLessThanOrEqual(80);
  });
});

describe('the story', () => {
  const entry = (facts: Partial<Entry>): Entry => ({
    at: 0,
    twin: 'github',
    call: '',
    status: 200,
    detail: {},
    ...facts,
  });

  it('has a line for what a person cares about', () => {
    expect(tell(entry({ twin: 'ecs', call: 'task RUNNING' }))?.where).toBe('ECS');
    expect(tell(entry({ call: 'POST /repos/o/r/pulls', status: 201 }))?.what).toContain('201');
    expect(tell(entry({ twin: 'secrets', call: 'GetSecretValue' }))).toBeUndefined();
  });

  it('shows control characters of what a twin saw as text, so that none reaches the terminal', () => {
    const line = tell(
      entry({ twin: 'model', call: 'POST /v1/messages', detail: { said: 'a\u001b]0;x\u0007b\u202e' } }),
    );

    expect(line?.what).toBe('a\\u{1b}]0;x\\u{7}b\\u{202e}');
  });
});
