// Where mutants cut.
import type { Edit } from './mutant.ts';

export const inWorker = (file: string, from: string, to: string): Edit => ({
  file: `worker-image/${file}`,
  from,
  to,
});
export const inGuard = (file: string, from: string, to: string): Edit => inWorker(`guard/${file}`, from, to);
