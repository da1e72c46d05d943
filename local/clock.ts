// Time that a test can move. It runs like the machine's or stands still; either way it can be made to jump ahead.
export type Clock = {
  now: () => number;
  /** Jumps ahead. Whoever waits for a moment in between is called at that moment, in order. */
  advance: (ms: number) => void;
  /** Calls once, when the time has come; the returned function calls it off. */
  at: (time: number, call: () => void) => () => void;
};

type Appointment = { time: number; call: () => void };

/** With standsAt it moves only by advance: what happens is then the same in every run. */
export const createClock = ({ standsAt }: { standsAt?: number } = {}): Clock => {
  const appointments = new Set<Appointment>();
  let aheadMs = 0;
  let alarm: NodeJS.Timeout | undefined;

  const now = () => (standsAt ?? Date.now()) + aheadMs;
  const next = () => [...appointments].sort((a, b) => a.time - b.time)[0];
  const setAlarm = () => {
    clearTimeout(alarm);
    const first = next();
    if (standsAt !== undefined || !first) return;
    // an appointment beyond the longest timer is looked at again when that one ends
    alarm = setTimeout(() => advance(0), Math.min(Math.max(first.time - now(), 0), longestTimerMs));
  };
  const jumpTo = (time: number) => {
    aheadMs += Math.max(time - now(), 0);
  };
  const advance = (ms: number) => {
    const target = now() + ms;
    for (let first = next(); first && first.time <= target; first = next()) {
      appointments.delete(first);
      jumpTo(first.time);
      first.call();
    }
    jumpTo(target);
    setAlarm();
  };
  const at = (time: number, call: () => void) => {
    const appointment = { time, call };
    appointments.add(appointment);
    setAlarm();
    return () => {
      appointments.delete(appointment);
      setAlarm();
    };
  };
  return { now, advance, at };
};

const longestTimerMs = 2 ** 31 - 1;
