import type { PushInput, Pushed } from '#worker/publish/publish.ts';
import { pushCommit } from '#worker/publish/publish.ts';
import type { StepContext } from './step-context.ts';

/** Under a fresh fence. Once more, with a new token: what git says of a refused one is no stable text; a push looks first. */
export const pushOnce = async (
  { git, access, hold }: Pick<StepContext, 'git' | 'access' | 'hold'>,
  input: PushInput,
): Promise<Pushed> => {
  await hold();
  return await pushCommit(git, input).catch(async () => {
    await access.renewToken();
    await hold();
    return await pushCommit(git, input);
  });
};
