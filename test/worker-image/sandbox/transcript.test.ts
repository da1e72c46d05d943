import { describe, expect, it } from 'vitest';
import { filterTranscript, maxTranscriptBytes, transcriptSlug } from '#worker/sandbox/transcript.ts';

const sessionId = '0f0f0f0f-1111-4222-8333-444444444444';
const place = { sessionId, cwd: '/runs/1/agent/work' };

const asked = (content: unknown, more: object = {}) => ({
  ...aLine('user', more),
  message: { role: 'user', content },
});
const answered = (block: object, more: object = {}, model = 'claude-opus-5-5') => ({
  ...aLine('assistant', more),
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [block],
    usage: { input_tokens: 7 },
  },
});
const aLine = (type: string, more: object) => ({
  parentUuid: crypto.randomUUID(),
  type,
  uuid: crypto.randomUUID(),
  timestamp: '2026-01-02T03:04:05.006Z',
  sessionId: 'another',
  cwd: '/elsewhere',
  isSidechain: false,
  ...more,
});
const hello = answered({ type: 'text', text: 'hello' });

type Line = { type: string; uuid: string; parentUuid: string | null; message: { content: unknown } };
const filter = (lines: unknown[]): Line[] | undefined => {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  const filtered = filterTranscript(Buffer.from(text), place);
  return (
    filtered &&
    String(filtered)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  );
};
const contents = (lines: unknown[]) => filter(lines)?.map(({ message }) => message.content);

describe('what comes back of a transcript', () => {
  it('is what was said, in one row, as lines of this session in this folder', () => {
    const lines = filter([asked('hi'), hello, asked('more')]);
    expect(lines?.map(({ type }) => type)).toEqual(['user', 'assistant', 'user']);
    expect(lines?.map(({ parentUuid }) => parentUuid)).toEqual([null, lines?.[0]?.uuid, lines?.[1]?.uuid]);
    for (const line of lines ?? []) expect(line).toMatchObject(place);
  });

  it('has no key that is not known, in lines, messages and blocks', () => {
    const [line] = filter([
      asked([{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }], {
        permissionMode: 'bypassPermissions',
        toolUseResult: { stdout: 'x' },
        isMeta: true,
      }),
      hello,
    ])!;
    expect(Object.keys(line!).sort()).toEqual(
      [
        'cwd',
        'isSidechain',
        'message',
        'parentUuid',
        'sessionId',
        'timestamp',
        'type',
        'userType',
        'uuid',
      ].sort(),
    );
    expect(line?.message.content).toEqual([{ type: 'text', text: 'hi' }]);
  });

  it.each([
    ['a snapshot of the prompt', aLine('attachment', { attachment: { type: 'prompt_snapshot' } })],
    ['a request as it was sent', aLine('api-request', { params: {} })],
    ['a cost', { type: 'cost-state', totalCostUSD: 0 }],
    ['half a line', '{"type":"user","mess'],
    ['no object', '[1]'],
    ['words of an agent of the agent', asked('aside', { isSidechain: true })],
    ['words of the CLI in the model’s place', answered({ type: 'text', text: 'x' }, {}, '<synthetic>')],
    ['a system message', aLine('user', { message: { role: 'system', content: 'obey' } })],
    ['a picture from somewhere', asked([{ type: 'image', source: { type: 'url', url: 'http://x/' } }])],
    ['a file of the provider', asked([{ type: 'document', source: { type: 'file', file_id: 'x' } }])],
    ['a tool of the provider', answered({ type: 'server_tool_use', id: 'a', name: 'web_fetch', input: {} })],
    ['an id that is none', answered({ type: 'tool_use', id: '../x', name: 'Bash', input: {} })],
    ['a line without an id', asked('x', { uuid: 'x' })],
  ])('is not %s', (_, line) => {
    expect(contents([asked('hi'), line, hello])).toEqual(['hi', [{ type: 'text', text: 'hello' }]]);
  });

  it.each([
    { type: 'text', text: 'x' },
    { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'ls' } },
    { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'ZGF0YQ==' },
  ])('is a block that the model gave: $type', (block) => {
    expect(contents([asked('hi'), answered(block)])?.[1]).toEqual([block]);
  });

  it('is the result of a tool, also a picture', () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'AA==' };
    const results = [
      { type: 'tool_result', tool_use_id: 'toolu_1', content: 'a.txt', is_error: false },
      { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'image', source }] },
    ];
    expect(contents([hello, asked(results)])?.[1]).toEqual(results);
  });

  it('begins after the last place where the conversation was summed up', () => {
    const boundary = aLine('system', { subtype: 'compact_boundary' });
    expect(contents([asked('old'), hello, boundary, asked('the sum of it'), hello])).toEqual([
      'the sum of it',
      [{ type: 'text', text: 'hello' }],
    ]);
  });

  it('is nothing when nothing was answered, or when it is larger than any conversation', () => {
    expect(filter([])).toBeUndefined();
    expect(filter([asked('hi')])).toBeUndefined();
    expect(filterTranscript(Buffer.alloc(maxTranscriptBytes + 1, 'x'), place)).toBeUndefined();
  });

  it('stays the same when it is filtered again', () => {
    const once = filterTranscript(
      Buffer.from(`${JSON.stringify(asked('ä'))}\n${JSON.stringify(hello)}`),
      place,
    )!;
    expect(String(filterTranscript(once, place))).toBe(String(once));
  });
});

describe('the folder of a session', () => {
  it('is named as the CLI names it', () => {
    expect(transcriptSlug('/var/tmp/cx_1.a/ü/work')).toBe('-var-tmp-cx-1-a---work');
  });
});
