import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';

export const aHouse = () => ({ journal: createJournal(), faults: createFaults() });

export const clientOf = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
