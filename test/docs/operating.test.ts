import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitingReasons } from '#core/task.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { root, startOperatorHouse } from '#test/support/operator.ts';
import { storedOn } from '#test/support/stored.ts';

const guide = readFileSync(`${root}docs/operating.md`, 'utf8');

/** What a reader would type, in its order: the lines of the sh blocks, without their comments. */
const commands = [...guide.matchAll(/```sh\n([^]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/\s+# .*$/, '').trim())
  .filter((line) => line !== '' && !line.startsWith('export AGENT_BOT_'));
const script = 'npm run -s agent-bot -- ';

/** As a shell would split it, for what stands in the guide. */
const toArguments = (command: string) =>
  [...command.slice(script.length).matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );

describe('the operator’s guide', () => {
  let database: TestDatabase;
  let house: Awaited<ReturnType<typeof startOperatorHouse>>;
  let ids: Record<string, string>;
  beforeAll(async () => {
    database = await migratedDatabase();
    house = await startOperatorHouse(database);
    const { aTask, aDeadTask, end } = storedOn(database);
    const failed = await aTask();
    await end(failed.threadKey);
    const dead = await aDeadTask({ thread: { number: 2 } });
    const overtaken = await aDeadTask({ thread: { number: 3 } });
    await end((await aTask({ thread: { number: 3 } })).threadKey);
    ids = { '0b0e7a52': failed.id, '5f1c2d3e': dead.id, '7a9e1b40': overtaken.id };
  });
  afterAll(async () => {
    await house.close();
    await database.close();
  });

  it('has commands, each of them one of ours', () => {
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter((command) => !command.startsWith(script))).toEqual([]);
  });

  // in the guide's order: the later ones find what the earlier ones did
  it.each(commands)('%s does what it says', async (command) => {
    const args = toArguments(command).map((word) => ids[word] ?? word);
    const { code, stderr } = await house.run(...args);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('explains every reason to wait, and nothing else', () => {
    const explained = [...guide.matchAll(/^\| `(\w+)` /gm)].map(([, reason]) => reason);
    expect(explained).toEqual([...waitingReasons]);
  });
});
