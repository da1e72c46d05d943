import { createHealth } from './handlers/health.ts';

export const handler = createHealth();
