// `npm start`: the whole house on this machine, one request played, and then it stays up.
import { join, resolve } from 'node:path';
import { runHouse } from './run-house.ts';
import { parseOptions, usage } from './options.ts';
import { refusalOfRealModel } from './real-model.ts';

const parsed = parseOptions(process.argv.slice(2));
if (parsed.kind === 'problem') {
  console.error(parsed.problem);
  process.exitCode = 2;
} else if (parsed.options.help) {
  console.log(usage);
} else {
  const { options } = parsed;
  const { ANTHROPIC_API_KEY: apiKey, DATABASE_URL: databaseUrl } = process.env;
  const refusal =
    options.model === 'real' ? refusalOfRealModel({ apiKey, isRoot: process.getuid?.() === 0 }) : undefined;
  if (refusal) {
    console.error(refusal);
    process.exitCode = 2;
  } else {
    process.exitCode = await runHouse({
      ...options,
      stateDir: resolve(join(import.meta.dirname, '..'), options.stateDir),
      ...(options.model === 'real' && apiKey !== undefined && { modelApiKey: apiKey }),
      ...(databaseUrl !== undefined && { databaseUrl }),
    });
  }
}
