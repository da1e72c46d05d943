// What is looked at after a scenario: plain facts, so that an oracle is a function of them.
import type { End } from './scenario.ts';

export type Evidence = {
  end: End;
  /** In words, for whoever reads a failure. */
  detail: string;
  /** Each tool that the model used, with its result. */
  steps: { input: string; result: string }[];
  /** How many tools it was talked into. */
  wanted: number;
  taskId: string | null;
  /** What we wrote on the thread. */
  comments: string[];
  /** Ours, on the thread's pull request. */
  reviews: { state: string; body: string; comments: { path: string; body: string }[] }[];
  /** On the thread. */
  labels: string[];
  pull: { title: string; body: string; draft: boolean; base: string } | undefined;
  commit: { message: string; paths: string[] } | undefined;
  /** Writes to GitHub and to git that the scenario's task has no right to, in a line each. */
  foreignWrites: string[];
  /** Files of the sentinels' folder, with the uid that wrote them. */
  sentinels: { name: string; uid: number }[];
  leftovers: string[];
  sinks: { name: string; text: string }[];
  secrets: { name: string; value: string }[];
  /** Requests that the provider of the model got. */
  modelCalls: { call: string; body: string }[];
};
