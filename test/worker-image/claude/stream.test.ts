import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ClaudeEvent } from '#worker/claude/stream.ts';
import { readClaudeStream } from '#worker/claude/stream.ts';

describe('the reader of the stream', () => {
  const resultLine = (more: object = {}) =>
    JSON.stringify({
      type: 'result',
      subtype: 'success',
      is_error: false,
      terminal_reason: 'completed',
      num_turns: 1,
      result: 'ok',
      ...more,
    });
  const read = async (chunks: (string | Buffer)[], maxLineBytes?: number) => {
    const events: ClaudeEvent[] = [];
    const stream = await readClaudeStream(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), {
      onEvent: (event) => events.push(event),
      ...(maxLineBytes !== undefined && { maxLineBytes }),
    });
    return { stream, events };
  };

  it('puts lines together however they are cut', async () => {
    const bytes = Buffer.from(`{"type":"assistant","text":"ä€😀"}\r\n${resultLine()}\n`);
    const { stream, events } = await read([...bytes].map((byte) => Buffer.from([byte])));
    expect(events[0]).toEqual({ type: 'assistant', text: 'ä€😀' });
    expect(stream.result?.result).toBe('ok');
  });

  it('keeps the last words of the model, not what the CLI says in its place', async () => {
    const said = (...content: object[]) => ({ type: 'assistant', message: { content } });
    const lines = [
      said({ type: 'text', text: 'First.' }),
      said({ type: 'text', text: 'I look.' }, { type: 'tool_use', name: 'Bash' }),
      said({ type: 'tool_use', name: 'Bash' }),
      { ...said({ type: 'text', text: 'API Error: 403' }), error: 'unknown' },
    ].map((event) => `${JSON.stringify(event)}\n`);
    expect((await read(lines)).stream.said).toBe('I look.');
  });

  it('takes a last line without a newline', async () => {
    expect((await read([resultLine()])).stream.result?.result).toBe('ok');
  });

  it('passes over what is no event', async () => {
    const noise = ['npm warn\n', '\n', 'null\n', '[1]\n', '{"type":7}\n', '{"type":"result"', '\n'];
    const { stream, events } = await read([...noise, Buffer.from([0xff, 0xfe, 10]), '{"type":"new_kind"}\n']);
    expect(events).toEqual([{ type: 'new_kind' }]);
    expect(stream.result).toBeUndefined();
  });

  it('takes a result in another form for one that is no success', async () => {
    const { stream } = await read([`${resultLine()}\n`, resultLine({ is_error: 'no' })]);
    expect(stream.result).toMatchObject({ subtype: 'unreadable', is_error: true });
  });

  it('counts the last result and the turns of all', async () => {
    const { stream } = await read([
      `${resultLine()}\n`,
      resultLine({ subtype: 'error_max_turns', num_turns: 4 }),
    ]);
    expect(stream).toMatchObject({ result: { subtype: 'error_max_turns' }, turns: 5 });
  });

  it('drops a line beyond the limit, says so, and reads on', async () => {
    const { stream, events } = await read(
      [`{"type":"user","text":"${'x'.repeat(600)}"}\n`, resultLine()],
      500,
    );
    expect([stream.cutLines, stream.result?.result, events.length]).toEqual([1, 'ok', 1]);
    const lost = await read([resultLine({ result: 'x'.repeat(600) })], 500);
    expect(lost.stream).toMatchObject({ result: undefined, cutLines: 1 });
  });

  it('reads lines of 10 MB in the time of their bytes, and drops one of 50 MB', async () => {
    const piece = Buffer.alloc(4096, 'x');
    const line = (pieces: number) => [
      Buffer.from('{"type":"user","text":"'),
      ...Array<Buffer>(pieces).fill(piece),
      '"}\n',
    ];
    const { stream, events } = await read([...line(2_500), ...line(12_700), ...line(2_500), resultLine()]);
    expect(events.map(({ type }) => type)).toEqual(['user', 'user', 'result']);
    expect([stream.cutLines, stream.result?.result]).toEqual([1, 'ok']);
  });

  it('remembers the last error of the model', async () => {
    const error = (kind: string, status: number | null) =>
      `${JSON.stringify({ type: 'assistant', error: kind, api_error_status: status })}\n`;
    const { stream } = await read([error('rate_limit', 429), error('server_error', null), resultLine()]);
    expect(stream.error).toEqual({ kind: 'server_error', status: null });
  });

  it('passes on what the listener throws', async () => {
    const listening = readClaudeStream(Readable.from([Buffer.from('{"type":"x"}\n')]), {
      onEvent: () => {
        throw new Error('full disk');
      },
    });
    await expect(listening).rejects.toThrow('full disk');
  });
});
