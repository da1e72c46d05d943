export type Base = { branch: string; sha: string };
/** The commits of the pull request that is talked about; a fork's are only looked at. */
export type Head = Base & { isFork: boolean };
/** What the work starts from: the base; on a pull request its head, with only what we trust from the base. */
export type Origin = { base: Base; head?: Head | undefined };
