// Folders of runs whose worker died before it removed them: the next one of their uid must not find them.
import { lstat, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentUser } from './agent-user.ts';
import { handsIn } from './workspace-hands.ts';

/** In the place that the supervisor made for a run, the agent's own folder. */
export const agentFolderIn = (place: string): string => join(place, 'agent');

export const removeLeftFolders = async (
  runsDir: string,
  { user, uid }: { user: AgentUser; uid: number },
): Promise<void> => {
  for (const name of await namesIn(runsDir)) {
    const place = join(runsDir, name);
    const owner = await lstat(agentFolderIn(place)).catch(() => undefined); // another worker removes its own
    if (owner?.uid === uid) await removePlace(place, user);
  }
};

/** What is in the agent's folder is removed by its own uid. */
export const removePlace = async (place: string, user: AgentUser): Promise<void> => {
  const root = agentFolderIn(place);
  const { run } = handsIn(place, { user, signal: always }); // into its own folder nobody can go whose owner has closed it
  await run('chmod', ['-R', 'u+rwX', '--', root]);
  await run('find', [root, '-mindepth', '1', '-delete']);
  await rmdir(root);
  await rmdir(place);
};

/** Also after the job was told to stop. */
const always = new AbortController().signal;

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []); // it is not there yet
