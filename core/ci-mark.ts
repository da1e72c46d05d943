// How a commit asks the CI to stay away: https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs

/** Other systems than GitHub Actions heed it too. */
export const ciMark = '[skip ci]';

/** Whether workflows for a push or a pull request stay away from a head with this message. */
export const holdsCi = (message: string): boolean =>
  /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]/i.test(message) ||
  /^skip-checks:\s*true\s*$/im.test(message);
