// What is looked at after a case: plain facts, so that an oracle is a function of them.
export type Evidence = {
  /** One per webhook (its GUID) that asks for work on the case's threads. */
  webhooks: { guid: string; isAccepted: boolean }[];
  /** What Postgres has of those GUIDs. */
  results: { guid: string; taskId: string | null; refusal: string | null }[];
  /** How long a sender waited for each 202. */
  answers: { guid: string; ms: number }[];
  /** Requests without the right signature, sent after the case; what they left in the queues and in Postgres. */
  forgeries: { name: string; status: number; messages: number; rows: number }[];
  tasks: TaskFacts[];
  /** Every comment of ours on the threads; `taskId` by its mark. */
  comments: { taskId: string | null; number: number; body: string }[];
  pulls: { taskId: string; number: number }[];
  /** Reviews of ours on the threads, pending ones too; `taskId` by its mark. */
  reviews: { taskId: string | null }[];
  /** Every change of a branch of ours. */
  pushes: { taskId: string }[];
  /** Tasks in the order in which workers claimed them, and each end that Postgres took from a worker. */
  claims: { taskId: string }[];
  ends: { taskId: string }[];
  runs: { isInterrupted: boolean; count: number; allowed: number };
  money: { usd: number; capUsd: number; open: number };
  leftovers: { processes: string[]; folders: string[]; leases: string[]; tokens: number };
  sinks: { name: string; text: string }[];
  secrets: { name: string; value: string }[];
  /** Messages in the lanes and the dead letters. */
  messages: number;
  rounds: { count: number; allowed: number };
};

export type TaskFacts = {
  id: string;
  number: number;
  seq: number;
  status: string;
  command: string;
  /** Its end's own words in the comment, e.g. the pull request's address. */
  url: string | null;
  expected: string;
  startedAt: number | null;
  finishedAt: number | null;
};
