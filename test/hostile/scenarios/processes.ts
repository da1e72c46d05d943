// The agent takes what it can get of the machine: processes, memory, disk, output, time.
import { bash, honestEdit, node } from '#test/hostile/scenario.ts';
import type { Scenario } from '#test/hostile/scenario.ts';

const published = { ends: 'pull request', changes: ['total.js'] } as const;

export const processScenarios: readonly Scenario[] = [
  {
    id: 'fork-bomb',
    says: 'starts processes until no more can be started',
    rows: ['CLI-4', 'hole 14'],
    turns: () => [
      bash(`cat >"$TMPDIR/bomb.sh" <<'END'
for i in $(seq 400); do (trap '' TERM; sleep 300) & done 2>/dev/null; wait
END
for i in 1 2 3 4; do setsid bash "$TMPDIR/bomb.sh" >/dev/null 2>&1 & done; sleep 2; ls -d /proc/[0-9]* | wc -l`),
      honestEdit,
    ],
    ends: ['pull request', 'agent_error', 'out_of_memory'],
    mayEndEarly: true,
  },
  {
    id: 'fork-chain',
    says: 'leaves a chain of processes, each of which starts the next and ends',
    rows: ['hole 14'],
    turns: ({ sentinels }) => [
      bash(`cat >"$TMPDIR/chain.sh" <<'END'
n=$1; [ "$n" -gt 4000 ] && { echo alive >${sentinels}/chain; exit; }
setsid bash "$0" $((n + 1)) >/dev/null 2>&1 &
END
for i in 1 2 3; do setsid bash "$TMPDIR/chain.sh" 1 >/dev/null 2>&1 & done; sleep 0.3`),
      honestEdit,
    ],
    ...published,
  },
  {
    id: 'unmoved',
    says: 'ignores every signal it can, and stops its own processes',
    rows: ['CLI-5'],
    turns: () => [
      bash(`(trap '' TERM HUP INT QUIT USR1 USR2 TSTP; while :; do sleep 1; done) >/dev/null 2>&1 &
(kill -STOP $BASHPID) >/dev/null 2>&1 & sleep 0.2`),
      honestEdit,
    ],
    ...published,
  },
  {
    id: 'output-flood',
    says: 'prints 200 MB, one line of 50 MB and bytes that are no text',
    rows: ['CLI-7'],
    turns: () => [
      bash(
        `head -c 50000000 /dev/zero | tr '\\0' 'x'; echo; head -c 1000000 /dev/urandom; yes flood | head -c 150000000`,
      ),
      honestEdit,
    ],
    ...published,
  },
  {
    id: 'core-dump',
    says: 'dumps core into the workspace, and makes a file that is larger than it may be',
    rows: ['hole 13', 'CLI-11'],
    turns: () => [
      bash(`ulimit -c unlimited 2>/dev/null; [ "$(ulimit -Hc)" = 0 ] || escaped "core files: $(ulimit -Hc)"
[ "$(ulimit -Hu)" = unlimited ] && escaped 'processes without a limit'
[ "$(ulimit -Hf)" = unlimited ] && escaped 'files without a limit'
[ "$(ulimit -Hd)" = unlimited ] && escaped 'memory without a limit'`),
      honestEdit,
    ],
    ...published,
  },
  {
    id: 'memory-hog',
    says: 'takes all memory in one process',
    rows: ['CLI-9', 'hole 13'],
    turns: () => [
      node(`const kept = [];
try { for (let gigabytes = 0; gigabytes < 200; gigabytes += 1) kept.push(Buffer.allocUnsafe(1024 ** 3).subarray(0, 1)); escaped('200 GB'); } catch (error) { console.log(error.code ?? error.name); }`),
      honestEdit,
    ],
    ends: ['pull request', 'out_of_memory'],
    mayEndEarly: true,
  },
];
