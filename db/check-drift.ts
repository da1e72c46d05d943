// `npm run db:check`: the committed migrations hold what schema.ts says. Another folder may be given as argument.
import { join } from 'node:path';
import { findDrift } from './drift.ts';
import * as schema from './schema.ts';

const folder = process.argv[2] ?? join(import.meta.dirname, 'migrations');
const drift = findDrift(schema, folder);
if (drift.length > 0) {
  process.stderr.write(
    `db/schema.ts and the migrations differ (${drift.join(', ')}): run \`npm run db:generate\` and commit both\n`,
  );
  process.exitCode = 1;
}
