import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseRequest } from '#core/grammar.ts';
import { parsePolicy } from '#core/parse-policy.ts';
import { policySchema } from '#core/policy.ts';
import { allowable, guardedPaths } from '#core/protected-paths.ts';
import { createPathPolicy } from '#worker/publish/path-policy.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const page = readFileSync(`${docs}policy.md`, 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block);
const jsonSchema = z.toJSONSchema(policySchema, { io: 'input' });

/** First cells of the rows of the table under a heading. */
const rowsUnder = (heading: string) => {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  return [...text.matchAll(/^\| `([\w.-]+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(
    ([, key = '', second = '', third = '']) => ({
      key,
      second,
      third,
    }),
  );
};

describe('docs/policy.md', () => {
  it('has examples that are taken, with every key in one of them', () => {
    const examples = blocks('yaml');
    expect(examples).toHaveLength(2);
    expect(examples.map((example) => parsePolicy(example))).toEqual([
      expect.objectContaining({ kind: 'policy' }),
      expect.objectContaining({ kind: 'policy' }),
    ]);
    const keys = new Set(
      examples.flatMap((example) => [...example.matchAll(/^(\w+):/gm)].map(([, key]) => key)),
    );
    expect([...keys].toSorted()).toEqual(Object.keys(jsonSchema.properties ?? {}).toSorted());
  });

  it('explains every key, and no other', () => {
    const properties = jsonSchema.properties ?? {};
    const caps = z
      .object({ properties: z.record(z.string(), z.unknown()) })
      .parse(properties['caps']).properties;
    const keys = Object.keys(properties).flatMap((key) =>
      key === 'caps' ? Object.keys(caps).map((cap) => `caps.${cap}`) : [key],
    );
    expect(rowsUnder('The keys').map(({ key }) => key)).toEqual(keys);
  });

  it('explains every row that can be opened, with its reason and with paths that it is about', () => {
    const rows = rowsUnder('What is protected anyway');
    expect(rows.map(({ key }) => key)).toEqual([...allowable]);
    for (const [row, { why }] of Object.entries(guardedPaths)) {
      const told = rows.find(({ key }) => key === row);
      expect(told?.third).toBe(why);
      const paths = [...(told?.second ?? '').matchAll(/`(.*?)`/g)].map(([, path = '']) =>
        path.replace(/\/$/, '/x'),
      );
      const judge = createPathPolicy({ protected: [], allow: [] });
      expect(paths.map((path) => judge({ path, mode: '100644' })?.row)).toEqual(paths.map(() => row));
    }
  });

  it('shows the words that release the CI', () => {
    expect(blocks('text').map((text) => parseRequest(text.trim(), '@agent')?.command)).toEqual(['run-ci']);
  });
});

describe('docs/agent-bot.schema.json', () => {
  it('is what the schema says: after a change `npx vitest run test/docs/policy.test.ts -u` writes it', async () => {
    const text = `${JSON.stringify({ title: '.agent-bot.yml', ...jsonSchema }, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`${docs}agent-bot.schema.json`);
  });
});
