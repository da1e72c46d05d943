import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkClaude, claudeVersion, localClaudeBinary } from '#worker/claude/binary.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/bin/${name}`, import.meta.url));

describe('the Claude CLI at boot', () => {
  it('is the one that npm installed', async () => {
    await expect(checkClaude(localClaudeBinary())).resolves.toBeUndefined();
  });

  it('is taken in the pinned version only', async () => {
    await expect(checkClaude(fixture('claude-says-right'))).resolves.toBeUndefined();
  });

  it.each([
    { binary: fixture('no-such-file'), code: 'missing' },
    { binary: fixture('claude-not-executable'), code: 'not_executable' },
    { binary: fixture('claude-fails'), code: 'broken' },
    { binary: fixture('claude-says-old'), code: 'wrong_version' },
    { binary: fixture('claude-says-nothing'), code: 'wrong_version' },
  ])('is refused with what to do: $code', async ({ binary, code }) => {
    const refused = await checkClaude(binary).catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'ClaudeBinaryError', code });
    expect(String(refused)).toContain('npm ci');
  });

  it('names both versions when it is another one', async () => {
    await expect(checkClaude(fixture('claude-says-old'))).rejects.toThrow(
      new RegExp(`2\\.1\\.197.*${claudeVersion.replaceAll('.', String.raw`\.`)}`),
    );
  });
});
