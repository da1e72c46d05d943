type Given = { apiKey: string | undefined; isRoot: boolean };

/** Why the real model may not be asked here, with what to do; undefined when it may. */
export const refusalOfRealModel = ({ apiKey, isRoot }: Given): string | undefined => {
  if (!apiKey) return '--model real needs ANTHROPIC_API_KEY in the environment.';
  // the scripted model only does what its script says; a real one may be talked into anything by what it reads
  if (!isRoot) {
    return [
      '--model real needs root: without it the agent would run with your own user id, and could',
      'read your files and reach your network. Use the scripted model, or run this as root on a',
      'machine that holds nothing else.',
    ].join('\n');
  }
  return undefined;
};
