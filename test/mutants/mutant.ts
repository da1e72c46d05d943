// A seeded weakening of one defence, and the scenarios of which at least one has to notice it.
export type Edit = { file: string; from: string; to: string };

export type Mutant = {
  id: string;
  /** What the defence no longer does. */
  says: string;
  /** Several where another layer would cover for the first. */
  edits: readonly Edit[];
  scenarios: readonly string[];
};
