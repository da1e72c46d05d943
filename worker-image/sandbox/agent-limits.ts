// What the agent may take of its machine. The kernel holds a process to its share (prlimit); what all of them take together
// is watched (watchdog.ts).
import { totalmem } from 'node:os';

/** https://man7.org/linux/man-pages/man2/getrlimit.2.html */
export type ProcessLimits = {
  /** Processes and threads of the agent's uid together. */
  processes: number;
  /** Of one process: what it allocates, not the addresses that it maps, of which the CLI alone takes 9.9 GB. */
  dataBytes: number;
  /** Of one file. */
  fileBytes: number;
};

export type AgentLimits = ProcessLimits & {
  /** Of all processes of the agent together; above it the run is ended. */
  memoryBytes: number;
  /** On the disk of the runs; below it the run is ended, so that what was done can still be published. */
  freeDiskBytes: number;
};

const megabyte = 1024 * 1024;
const gigabyte = 1024 * megabyte;

/** For a machine of this size: the supervisor keeps a gigabyte, on a small one half of it. */
export const agentLimits = (machineBytes = machineMemoryBytes()): AgentLimits => {
  const memoryBytes = Math.max(machineBytes - gigabyte, machineBytes / 2);
  return {
    processes: 1_000,
    dataBytes: Math.max(memoryBytes, gigabyte), // the CLI does not start with less
    fileBytes: 4 * gigabyte,
    memoryBytes,
    freeDiskBytes: 512 * megabyte,
  };
};

/** Of the container where it has a limit, else of the machine. */
const machineMemoryBytes = (): number => {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
};
