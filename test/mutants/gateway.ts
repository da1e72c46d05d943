// The model's gateway, weakened.
import { inWorker } from './edits.ts';
import type { Mutant } from './mutant.ts';

export const gatewayMutants: readonly Mutant[] = [
  {
    id: 'paths',
    says: 'every path of the provider can be called',
    edits: [
      inWorker(
        'gateway/gateway.ts',
        "if (method !== 'POST' || !/^\\/v1\\/messages(?:\\?beta=true)?$/.test(url ?? ''))",
        "if (method === 'TRACE' && url === '')",
      ),
    ],
    scenarios: ['other-paths'],
  },
  {
    id: 'run-token',
    says: 'any token will do',
    edits: [
      inWorker(
        'gateway/gateway.ts',
        'if (!secretMatches(String(token), runToken))',
        'if (secretMatches(String(token), `x${runToken}`))',
      ),
    ],
    scenarios: ['other-account'],
  },
  {
    id: 'models',
    says: 'any model can be asked',
    edits: [
      inWorker(
        'gateway/gateway.ts',
        'return models.includes(read.request.model)',
        'return models.length > 0',
      ),
    ],
    scenarios: ['other-models'],
  },
  {
    id: 'server-tools',
    says: 'fields that nobody knows are let through',
    edits: [
      {
        file: 'worker-image/gateway/request.ts',
        from: "import * as z from 'zod';",
        to: "import * as all from 'zod';\nconst z = { ...all, strictObject: all.looseObject };",
      },
    ],
    scenarios: ['server-tools', 'other-models'],
  },
  {
    id: 'at-once',
    says: 'any number of calls go on at once, as often as one likes',
    edits: [
      inWorker(
        'gateway/limits.ts',
        '{ burst: 60, perSecond: 1, atOnce: 2,',
        '{ burst: 6_000, perSecond: 100, atOnce: 200,',
      ),
    ],
    scenarios: ['flood'],
  },
  {
    id: 'hang-ups',
    says: 'who hangs up does not pay',
    edits: [
      inWorker(
        'gateway/call.ts',
        'return fate.isHungUp ? Math.max(terms.usd, costUsd) : estimateOf(door, open);',
        'return fate.isHungUp ? 0 * terms.usd : estimateOf(door, open);',
      ),
    ],
    scenarios: ['hang-ups'],
  },
  {
    id: 'budget',
    says: 'the budget has no end',
    edits: [
      inWorker(
        'gateway/purse.ts',
        'leftUsd: () => budgetUsd - spentUsd - reservedUsd,',
        'leftUsd: () => budgetUsd + 1_000 - spentUsd - reservedUsd,',
      ),
    ],
    scenarios: ['beyond-budget'],
  },
];
