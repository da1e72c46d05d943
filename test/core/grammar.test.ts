import { describe, expect, it } from 'vitest';
import { parseRequest } from '#core/grammar.ts';

const parse = (text: string, mention = '@agent') => parseRequest(text, mention);

const aliases = {
  analyze: 'analyze analysis analyze-issue analyze-ticket',
  plan: 'plan plan-fix create-plan',
  fix: 'fix implement execute do run',
  review: 'review code-review review-pr',
  approve: 'approve lgtm approved ship-it yes',
  reject: 'reject changes-requested request-changes revise no',
  stop: 'stop cancel',
  improve: 'improve enhance refactor optimize',
  discover: 'discover explore find-code code-insights',
  status: 'status check task-status',
  help: 'help commands what-can-you-do',
  retry: 'retry',
  why: 'why',
  'run-ci': 'run-ci',
  ask: 'ask',
};

describe('the command', () => {
  const rows = Object.entries(aliases).flatMap(([command, words]) =>
    words.split(' ').map((word) => [word, command] as const),
  );
  it.each(rows)('reads `%s` as %s, in any case', (word, command) => {
    expect(parse(`@agent ${word} the rest`)).toMatchObject({ command, text: 'the rest' });
    expect(parse(`@AGENT ${word.toUpperCase()}`)).toMatchObject({ command, text: '' });
  });

  it.each([
    ['@agent make the button blue', 'make the button blue'],
    ['@agent fixing is hard', 'fixing is hard'],
    ['@agent fix-it please', 'fix-it please'],
    ['@agent code-reviews are late', 'code-reviews are late'],
    ['@agent constructor', 'constructor'],
    ['@agent', ''],
    ['Could you look at this, @agent?', 'Could you look at this,'],
  ])('takes %j as a question without a command', (text, rest) => {
    expect(parse(text)).toStrictEqual({ command: 'ask', text: rest, options: {} });
  });

  it.each(['run ci', 'Run CI.', 'run  ci please', 'run ci now!', 'run ci\r\nthank you', 'run ci\n'])(
    'reads `%s` as the release of the CI',
    (words) => {
      expect(parse(`@agent ${words}`)).toMatchObject({ command: 'run-ci' });
    },
  );

  it.each(['run ci and fix what fails', 'run circles', 'run ci-tests', 'run the ci'])(
    'reads `%s` as work',
    (words) => {
      expect(parse(`@agent ${words}`)).toMatchObject({ command: 'fix', text: words.replace('run ', '') });
    },
  );

  it.each([
    '@agent: fix it',
    '@agent, fix: it',
    'hey @agent   fix it',
    '@agent\nfix\nit',
    '(@agent fix it',
    '@agent[bot] fix it',
    '*@agent fix it',
  ])('finds command and text in %j', (text) => {
    expect(parse(text)).toMatchObject({ command: 'fix', text: 'it' });
  });

  it('keeps many lines of text as they were written', () => {
    const text = 'the crash:\r\n\r\n```js\nthrow 1 // @agent review\n```\n> quoted\n- [ ] --verbose';
    expect(parse(`@agent fix ${text}`)).toStrictEqual({ command: 'fix', text, options: {} });
  });

  it('lets the first mention win', () => {
    expect(parse('`@agent stop` @agent plan it, then @agent fix it')).toMatchObject({
      command: 'plan',
      text: 'it, then @agent fix it',
    });
  });

  it('takes whatever word was configured', () => {
    expect(parse('@octo-bot fix it', '@octo-bot')).toMatchObject({ command: 'fix' });
    expect(parse('@octoxbot fix it', '@octo.bot')).toBeUndefined();
    expect(parse('@agent fix it', '@octo-bot')).toBeUndefined();
  });
});

describe('no mention', () => {
  it.each([
    'nothing at all',
    'agent fix it',
    'write to me@agent or x.y@agent.example',
    '@agent-smith fix it',
    '@agents fix it',
    '@agent/owners look',
    '@agent.example',
    '@agentß',
    'ä@agent fix',
    'https://example.org/@agent fix',
    '@@agent fix',
    '`@agent fix it`',
    'two ``@agent ` fix`` ticks',
    'over `lines\n@agent fix` of one paragraph',
    '```\n@agent fix\n```',
    '```js\n@agent fix', // never closed: code to the end
    '~~~\n@agent fix\n```\n~~~',
    '````\n```\n@agent fix\n```\n````',
    '   ```\n@agent fix\n   ```',
    '- ```\n  @agent fix\n  ```',
    '> @agent fix it',
    '  > > @agent fix it',
    '- > @agent fix it',
    '> ```\n> @agent fix\n> ```',
    '    @agent fix it',
    'text\n\n\t@agent fix it',
    '<!-- @agent fix -->',
    '<!--\n\n@agent fix\n\n-->\nno more',
    'inline <!-- @agent fix --> comment',
    '<pre>\n\n@agent fix\n\n</pre>',
    '<pre>\n\n@agent fix', // never closed
    'a <CODE class="x">@agent fix</CODE>',
    '<blockquote>\n\n@agent fix\n</blockquote>',
    '![@agent fix](https://example.org/x.png)',
    '[a](https://example.org "@agent fix")',
    '[a]: https://example.org "@agent fix"',
    "[a]: https://example.org\n  '@agent fix'",
    '[//]: # (@agent fix)',
    '<img alt="@agent fix" src="x">',
    '<a title="\n@agent fix\n">x</a>',
  ])('is in %j', (text) => {
    expect(parse(text)).toBeUndefined();
  });
});

describe('a mention', () => {
  it.each([
    '> quoted\n\n@agent fix',
    '> quoted\n@agent fix',
    '```\ncode\n```\n@agent fix',
    '```\r\ncode\r\n```\r\n@agent fix',
    '~~~ a ~~~ \n@x\n~~~\n@agent fix',
    'a ` alone @agent fix',
    '`code` @agent fix',
    '``` not a fence ``` @agent fix',
    '- item\n    @agent fix',
    'a paragraph\n    @agent fix',
    '<!-- hidden --> @agent fix',
    '<!-- hidden\n```\n-->\n@agent fix',
    '`<!--` @agent fix',
    '`<pre>` @agent fix',
    '<pre>x</pre> @agent fix',
    '<b>@agent fix</b>',
    '![x](y) @agent fix',
    '[@agent fix](https://example.org)',
    'a < b @agent fix',
    '- [ ] @agent fix',
    '[^1]: @agent fix',
    'a <!-- that never ends @agent fix',
    'done.@agent fix',
    '"@agent fix"',
  ])('is in %j', (text) => {
    expect(parse(text)).toMatchObject({ command: 'fix' });
  });
});

describe('options', () => {
  it.each([
    ['fix --model opus it', { model: 'opus' }],
    ['fix it --budget 3', { budgetUsd: 3 }],
    ['fix it --budget=$2.50', { budgetUsd: 2.5 }],
    ['fix it --budget 3, please', { budgetUsd: 3 }],
    ['--repo octo-org/shop fix it', { repository: 'octo-org/shop' }],
    ['fix --base release/1.2 it', { base: 'release/1.2' }],
    ['fix --draft it', { draft: true }],
    ['fix --DRAFT --Model opus it', { draft: true, model: 'opus' }],
    ['fix [model: claude-sonnet-5] it', { model: 'claude-sonnet-5' }],
    ['fix it [budget=3] [draft]', { budgetUsd: 3, draft: true }],
    ['fix --draft [base: main] it', { draft: true, base: 'main' }],
    ['fix it\n--budget 3 --draft\n', { budgetUsd: 3, draft: true }],
    ['fix it --model a --model b', { model: 'b' }],
  ])('are read from %j', (text, options) => {
    const request = parse(`@agent ${text}`);
    expect(request).toMatchObject({ command: 'fix', options });
    expect(request?.text.replace(', please', '')).toMatch(/^it/);
    expect(request).not.toHaveProperty('problems');
  });

  it.each([
    'fix --verbose output',
    'fix [x] this',
    'fix `--draft` handling',
    'fix [draft](https://example.org) link',
    'fix a--draft',
    'fix it\nwhere --draft stands between words',
    'fix it\n```\n--draft\n```',
  ])('are not read from %j', (text) => {
    expect(parse(`@agent ${text}`)).toStrictEqual({ command: 'fix', text: text.slice(4), options: {} });
  });

  it.each([
    ['--budget lots', '--budget'],
    ['--budget 0', '--budget'],
    ['--budget -3', '--budget'],
    ['--budget', '--budget'],
    ['[budget: 1e9]', '--budget'],
    ['--repo shop', '--repo'],
    ['--repo octo/..', '--repo'],
    ['--base -x', '--base'],
    ['--base a..b', '--base'],
    ['--base refs.lock', '--base'],
    ['--base a@{1}', '--base'],
    ['--model -p', '--model'],
    ['--model $(id)', '--model'],
    ['--draft=no', '--draft'],
  ])('that cannot be understood are told and stay in the text: %j', (option, name) => {
    const request = parse(`@agent fix it ${option}`);
    expect(request).toMatchObject({ command: 'fix', options: {}, text: `it ${option}` });
    expect(request?.problems).toStrictEqual([expect.stringContaining(name)]);
  });

  it('are told of on a line of their own too', () => {
    expect(parse('@agent fix it\n--budget lots')?.problems).toHaveLength(1);
  });
});

describe('hostile text', () => {
  const units = [
    '`', '`a', '``a`', '<!--', '<!-->', '> ', '- ', '1. ', '~~~\n', '```\n', '@agent-', '@agent', '[model:', '[ ',
    '--model ', '--budget=x ', '--draft ', '\n', '    ', '\t', '- - ', '! ', '. ', '-->', '\u0000', '\ud800',
  ]; // prettier-ignore
  const shapes = units.flatMap((unit) =>
    ['', '@agent fix ', '@agent\n'].map((before) => [before, unit] as const),
  );

  it.each(shapes)('of 64 KiB is read in linear time: %j, then %j again and again', (before, unit) => {
    const textOf = (sizeBytes: number) => before + unit.repeat(Math.ceil(sizeBytes / unit.length)) + ' x';
    const timeOf = (text: string) => {
      const from = performance.now();
      parse(text);
      return performance.now() - from;
    };
    // the best of three: a pause of the machine is not the text's fault. Quadratic would be seconds.
    expect(Math.min(...[1, 2, 3].map(() => timeOf(textOf(65_536))))).toBeLessThan(250);
  });
});
