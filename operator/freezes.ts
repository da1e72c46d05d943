import type { FreezeScope } from '#core/freeze.ts';
import type { Ledger, LedgerInput } from '#core/ledger.ts';
import type { Freeze } from '#core/operations.ts';
import type { Answer } from './answer.ts';
import type { Connection } from './connect.ts';
import { toTable } from './table.ts';
import type { Paint } from './words.ts';
import { count, plain, toTime } from './words.ts';

export const freeze = async (ledger: Ledger, input: LedgerInput<'freezes.add'>): Promise<Answer> => {
  const data = await ledger('freezes.add', input);
  const { scope, running, waiting } = data;
  const first = data.created
    ? `${scope} is frozen.`
    : `${scope} was frozen before by ${plain(data.by)}: ${plain(data.reason)}`;
  const under = `Under it: ${count(running, 'running task')} (stopped and saved within a minute), ${count(waiting, 'waiting task')}.`;
  return { code: 0, data, text: `${first}\n${under}` };
};

export const thaw = async ({ ledger, poke }: Connection, scope: FreezeScope): Promise<Answer> => {
  const data = await ledger('freezes.thaw', { scope });
  if (data.kind === 'not_frozen') return { code: 3, data, text: `${scope} is not frozen.` };
  await poke();
  return { code: 0, data, text: `${scope} is thawed; ${count(data.requeued, 'task')} queued again.` };
};

export const listFreezes = async (ledger: Ledger, paint: Paint): Promise<Answer> => {
  const data = await ledger('freezes.list', {});
  const text = data.length === 0 ? 'Nothing is frozen.' : toTable(freezeColumns, data, paint);
  return { code: 0, data, text };
};

const freezeColumns = [
  { title: 'SCOPE', cell: ({ scope }: Freeze) => scope, mayShrink: true },
  { title: 'SINCE', cell: ({ at }: Freeze) => toTime(at).slice(0, 16) },
  { title: 'BY', cell: ({ by }: Freeze) => by, mayShrink: true },
  { title: 'RUNNING', cell: ({ running }: Freeze) => String(running) },
  { title: 'WAITING', cell: ({ waiting }: Freeze) => String(waiting) },
  { title: 'REASON', cell: ({ reason }: Freeze) => reason, mayShrink: true },
] as const;
