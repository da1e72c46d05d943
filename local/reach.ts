// The agent and Postgres run under other uids when the house is root: what they use must lie where those can go.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** True when any uid may pass through every folder above the path. */
export const isInReach = (path: string): boolean => {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};

/**
 * The state folder itself, or a folder of its own under /var/tmp where other uids could not enter the state folder
 * (a checkout below a 0700 home).
 */
export const folderInReach = (stateDir: string): string => {
  mkdirSync(stateDir, { recursive: true }); // a folder that is not there yet says nothing about who may enter it
  if (process.getuid?.() !== 0 || isInReach(join(stateDir, 'x'))) return stateDir;
  const id = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  const folder = join('/var/tmp', `agent-bot-${id}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // anybody may write in /var/tmp: a folder that somebody else put there first is not ours
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    throw new Error(
      `${folder} is not root's own folder: remove it, or keep the state elsewhere with --state FOLDER`,
    );
  }
  return folder;
};

/** The program itself where every uid can run it, else a copy (a hard link where the disk allows) in the folder. */
export const programInReach = (program: string, folder: string): string => {
  if (process.getuid?.() !== 0 || isInReach(program)) return program;
  const target = join(folder, 'bin', basename(program));
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  if (existsSync(target) && statSync(target).size === statSync(program).size) return target;
  try {
    linkSync(program, target);
  } catch {
    copyFileSync(program, target); // another file system: a link cannot cross it
  }
  return target;
};
