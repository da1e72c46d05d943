import type { Ledger, LedgerInput } from '#core/ledger.ts';
import type { ListedLetter, ListedTask } from '#core/operations.ts';
import type { Answer } from './answer.ts';
import { toTable } from './table.ts';
import type { Paint } from './words.ts';
import { shortId, toAge } from './words.ts';

export const listTasks = async (
  ledger: Ledger,
  input: LedgerInput<'tasks.list'>,
  paint: Paint,
): Promise<Answer> => {
  const data = await ledger('tasks.list', input);
  const none = input.which === 'open' ? 'No open task. Those that have ended: --all' : 'No task.';
  return { code: 0, data, text: toList(data.tasks, { shape: taskColumns, more: data.more, none, paint }) };
};

const taskColumns = [
  { title: 'ID', cell: ({ id }: ListedTask) => shortId(id) },
  { title: 'STATUS', cell: ({ status }: ListedTask) => status },
  { title: 'LANE', cell: ({ lane }: ListedTask) => lane },
  { title: 'STEP', cell: ({ step }: ListedTask) => step },
  {
    title: 'THREAD',
    cell: ({ repository, number }: ListedTask) => `${repository}#${number}`,
    mayShrink: true,
  },
  { title: 'AGE', cell: ({ ageSeconds }: ListedTask) => toAge(ageSeconds) },
  { title: 'REASON', cell: ({ reason }: ListedTask) => reason ?? '', mayShrink: true },
] as const;

export const listLetters = async (
  ledger: Ledger,
  input: LedgerInput<'dead_letters.list'>,
  paint: Paint,
): Promise<Answer> => {
  const data = await ledger('dead_letters.list', input);
  const none = input.which === 'kept' ? 'Nothing is put aside.' : 'Nothing was ever put aside.';
  return {
    code: 0,
    data,
    text: toList(data.letters, { shape: letterColumns, more: data.more, none, paint }),
  };
};

const letterColumns = [
  { title: 'ID', cell: ({ id }: ListedLetter) => shortId(id) },
  { title: 'TASK', cell: ({ taskId }: ListedLetter) => (taskId === null ? '-' : shortId(taskId)) },
  { title: 'STATE', cell: ({ state }: ListedLetter) => state },
  { title: 'AGE', cell: ({ ageSeconds }: ListedLetter) => toAge(ageSeconds) },
  { title: 'QUEUE', cell: ({ queue }: ListedLetter) => queue ?? '-', mayShrink: true },
  { title: 'REASON', cell: ({ reason }: ListedLetter) => reason, mayShrink: true },
] as const;

type List<Row> = {
  shape: Parameters<typeof toTable<Row>>[0];
  more: boolean;
  none: string;
  paint: Paint;
};

const toList = <Row>(rows: readonly Row[], { shape, more, none, paint }: List<Row>): string => {
  if (rows.length === 0) return none;
  const table = toTable(shape, rows, paint);
  return more ? `${table}\n\nThere are more: --limit` : table;
};
