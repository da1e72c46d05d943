// A wait that gets long says what it waits for.
const quietMs = 2_000;
const logEveryMs = 5_000;

export type Output = { write: (text: string) => unknown; isTTY?: boolean };

/** On a terminal one line that counts the seconds and goes away; in a log a line every five seconds. */
export const createProgress = (out: Output, paint: (text: string) => string) => {
  let waiting: { what: string; since: number } | undefined;
  let lastWriteAt = Date.now();
  let shown = false;

  const erase = () => {
    if (shown && out.isTTY) out.write('\r\u001b[K');
    shown = false;
  };
  const tick = () => {
    const now = Date.now();
    if (!waiting || now - lastWriteAt < (shown ? 0 : out.isTTY ? quietMs : logEveryMs)) return;
    const text = `   … ${waiting.what}, ${Math.round((now - waiting.since) / 1000)} s`;
    out.write(out.isTTY ? `\r\u001b[K${paint(text)}` : `${text}\n`);
    shown = out.isTTY === true;
    lastWriteAt = now;
  };
  const clock = setInterval(tick, 500);
  clock.unref();

  return {
    /** Call before any other line is written. */
    interrupt: () => {
      erase();
      lastWriteAt = Date.now();
    },
    waitFor: (what: string | undefined) => {
      waiting = what === undefined ? undefined : { what, since: Date.now() };
      if (!waiting) erase();
    },
    close: () => {
      clearInterval(clock);
      erase();
    },
  };
};
