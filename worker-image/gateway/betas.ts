// Which features in trial a request may ask for. Measured: these are what the pinned CLI sends; each changes how the model
// answers and none what the provider reaches, runs or keeps.

export const betas = [
  'claude-code-20250219',
  'interleaved-thinking-2025-05-14',
  'context-management-2025-06-27',
  'per-turn-control-2026-07-01',
  'thinking-token-count-2026-05-13',
  'effort-2025-11-24',
  'thinking-display-updates-2026-08-18',
] as const;
export type Beta = (typeof betas)[number];

/** Of a header what may pass; what may not is left out, as the CLI can do without it. */
export const betasIn = (header: string | string[] | undefined): Beta[] => {
  const asked = new Set(
    String(header ?? '')
      .split(',')
      .map((beta) => beta.trim()),
  );
  return betas.filter((beta) => asked.has(beta));
};
