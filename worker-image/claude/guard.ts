// Ends the CLI when it is silent, late, no longer wanted, done but still there, or takes too much of the machine.
import type { AgentProcess } from '#worker/sandbox/agent-process.ts';
import { signalGroup } from '#worker/sandbox/agent-process.ts';
import type { Watched } from '#worker/sandbox/watchdog.ts';
import { startWatchdog } from '#worker/sandbox/watchdog.ts';
import type { ClaudeEvent } from './stream.ts';
import type { Stopped } from './verdict.ts';

export type GuardInput = {
  signal: AbortSignal;
  /** Without an event for so long it is ended. */
  idleMs: number;
  deadlineMs: number;
  /** From SIGTERM to SIGKILL, and for pipes that somebody still holds. */
  graceMs: number;
  /** So long after its result it may still be there. */
  resultGraceMs: number;
  watched?: Omit<Watched, 'log'> | undefined;
  log: Watched['log'];
};

export const createGuard = (child: AgentProcess, input: GuardInput) => {
  const { signal, idleMs, deadlineMs, graceMs, resultGraceMs } = input;
  let stopped: Stopped | undefined;
  let killing: NodeJS.Timeout | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let isClosed = false;
  const stop = () => {
    if (killing || isClosed) return;
    signalGroup(child, 'SIGTERM');
    killing = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
  };
  const stopBecause = (reason: Stopped) => {
    stopped ??= reason;
    stop();
  };
  const onAbort = () => stopBecause({ why: 'aborted' });
  const idle = setTimeout(() => stopBecause({ why: 'idle', afterMs: idleMs }), idleMs);
  const deadline = setTimeout(() => stopBecause({ why: 'deadline', afterMs: deadlineMs }), deadlineMs);
  const stopWatching =
    input.watched &&
    startWatchdog({ ...input.watched, log: input.log }, (overuse) => {
      stopped ??= { why: 'overuse', ...overuse };
      signalGroup(child, 'SIGKILL'); // with every moment it takes more
    });
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    /** Bytes are no sign of life: only whole events are. */
    sawEvent: (event: ClaudeEvent) => {
      if (isClosed) return;
      idle.refresh();
      if (event.type === 'result') {
        clearTimeout(lingering);
        lingering = setTimeout(() => stopBecause({ why: 'lingered' }), resultGraceMs);
      } else if (beginsTurn(event)) clearTimeout(lingering);
    },
    stop,
    stopped: () => stopped,
    /** Once it has ended: its id may be another process's by now. */
    close: () => {
      isClosed = true;
      for (const timer of [idle, deadline, killing, lingering]) clearTimeout(timer);
      stopWatching?.();
      signal.removeEventListener('abort', onAbort);
    },
  };
};

/** After a result: the CLI goes on, and another result will come. */
const beginsTurn = ({ type, subtype }: ClaudeEvent): boolean =>
  type === 'assistant' || type === 'user' || (type === 'system' && subtype === 'init');
