import { describe, expect, it } from 'vitest';
import { parseOptions, usage } from '#local/options.ts';

describe('the options of npm start', () => {
  it('play one fixed request with the scripted model when nothing is given', () => {
    expect(parseOptions([])).toEqual({
      kind: 'options',
      options: {
        once: false,
        json: false,
        help: false,
        comment: '@agent fix the failing test',
        model: 'scripted',
        stateDir: '.local',
      },
    });
  });

  it.each([
    [['--model', 'other'], '--model is "scripted" or "real", not "other"'],
    [['--nonsense'], '--nonsense'],
    [['--comment', ' '], '--comment is empty'],
    [['extra'], 'extra'],
  ])('%j is refused in one line that names it and says where help is', (argv, text) => {
    const parsed = parseOptions(argv);
    if (parsed.kind !== 'problem') throw new Error('was accepted');
    expect(parsed.problem).toContain(text);
    expect(parsed.problem).toContain('--help');
  });

  it('are all in the help text, which fits a terminal', () => {
    for (const option of ['--once', '--comment', '--model', '--state', '--json', '--help'])
      expect(usage).toContain(option);
    expect(Math.max(...usage.split('\n').map((line) => line.length))).toBeLessThanOrEqual(90);
  });
});
