// `npm run agent-bot -- <command>`: for whoever operates agent-bot.
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

process.exitCode = await run({
  argv: process.argv.slice(2),
  user: userInfo().username,
  root: join(import.meta.dirname, '..'),
  stdout: process.stdout,
  stderr: process.stderr,
});
