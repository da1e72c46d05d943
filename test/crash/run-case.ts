// One case to its verdict.
import { setTimeout as wait } from 'node:timers/promises';
import type { Case } from './case.ts';
import type { CrashHouse } from './crash-house.ts';
import { gather } from './gather.ts';
import type { Violation } from './oracles.ts';
import { judge } from './oracles.ts';
import { createTrial } from './trial.ts';

export type Verdict = {
  id: string;
  title: string;
  status: 'passed' | 'failed' | 'known gap' | 'not here';
  /** Workers and hosts that were struck. */
  kills: number;
  lost: number;
  doubled: number;
  /** Runs of the CLI: each costs money. */
  paid: number;
  seconds: number;
  /** What is wrong, or why it cannot be shown here. */
  texts: string[];
};

const deadlineMs = 120_000;

export const runCase = async (house: CrashHouse, one: Case): Promise<Verdict> => {
  const startedAt = performance.now();
  const trial = createTrial(house, one.id);
  const verdict = (status: Verdict['status'], violations: readonly Violation[], texts: string[]): Verdict => {
    const count = (pattern: RegExp) => violations.filter(({ oracle }) => pattern.test(oracle)).length;
    return {
      id: one.id,
      title: one.title,
      status,
      kills: trial.blows.length,
      lost: count(/^(?:I1|I9|as expected)/),
      doubled: count(/^(?:I2|I8)/),
      paid: house.cli.runsOf(one.id).length,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      texts,
    };
  };
  const over = new AbortController();
  try {
    const late = wait(deadlineMs, undefined, { signal: over.signal }).then((): never => {
      throw new Error(`it took longer than ${deadlineMs / 1000} s`);
    });
    late.catch(() => {}); // called off at the end
    const end = await Promise.race([one.run(trial), late]);
    if ('notHere' in end) return verdict('not here', [], [end.notHere]);
    const violations = judge(await gather(trial, end));
    const texts = violations.map(({ oracle, text }) => `${oracle}: ${text}`);
    return verdict(statusOf(texts, end.gap), violations, texts);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return verdict('failed', [{ oracle: 'as expected', text }], [text]);
  } finally {
    over.abort();
  }
};

const statusOf = (texts: readonly string[], gap: RegExp | undefined): Verdict['status'] => {
  if (texts.length === 0) return 'passed';
  return gap !== undefined && texts.every((text) => gap.test(text)) ? 'known gap' : 'failed';
};
