import type { Ledger, LedgerOutput } from '#core/ledger.ts';
import type { Answer } from './answer.ts';
import type { Paint } from './words.ts';
import { field } from './words.ts';

export const houseStatus = async (ledger: Ledger, paint: Paint): Promise<Answer> => {
  const data = await ledger('house.status', {});
  return { code: 0, data, text: toText(data, paint) };
};

const toText = (status: LedgerOutput<'house.status'>, paint: Paint): string => {
  const { workers, deadLetters, freezes } = status;
  const tasks = status.tasks.map(({ status, waitingReason, count }) =>
    field(waitingReason ?? status, `${count}${waitingReason === null ? '' : ' waiting'}`),
  );
  const lanes = status.lanes.map(({ lane, open }) => `${lane} ${open}`).join(', ');
  return [
    paint('bold', 'Tasks, open or ended within a day'),
    ...(tasks.length === 0 ? ['  none'] : tasks),
    '',
    paint('bold', 'House'),
    field('lanes', lanes === '' ? 'nothing open' : lanes),
    field('workers', `${workers.beating} (${workers.busy} busy), ${workers.launching} on their way`),
    field('put aside', String(deadLetters)),
    field('freezes', String(freezes)),
  ].join('\n');
};
