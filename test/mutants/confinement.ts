// The agent's user, its guard and its limits, weakened.
import { inGuard, inWorker } from './edits.ts';
import type { Mutant } from './mutant.ts';

/** The network namespace around the guard's network covers for it where there is one. */
const notAlone = inWorker(
  'sandbox/agent-user.ts',
  "input.isAlone && user.isAlone && network === 'loopback' ? ['--alone'] : []",
  "input.isAlone && user.isAlone && network === 'loopback' ? [] : []",
);

export const confinementMutants: readonly Mutant[] = [
  {
    id: 'environment',
    says: "the agent inherits the supervisor's environment",
    edits: [
      inWorker(
        'sandbox/agent-user.ts',
        'env: { ...env }, detached',
        'env: { ...process.env, ...env }, detached',
      ),
    ],
    scenarios: ['own-environment'],
  },
  {
    id: 'namespaces',
    says: 'namespaces can be made',
    edits: [
      inGuard('refused-calls.c', '{SYS_unshare, EPERM},', ''),
      inGuard('self-test.c', 'expect_refused("user namespaces", unshare(CLONE_NEWUSER), EPERM);', ''),
    ],
    scenarios: ['way-up'],
  },
  {
    id: 'descriptors',
    says: 'descriptors of other processes can be taken',
    edits: [inGuard('refused-calls.c', '{SYS_pidfd_getfd, EPERM},', '')],
    scenarios: ['system-calls', 'descriptors'],
  },
  {
    id: 'io-uring',
    says: 'io_uring makes sockets behind the filter',
    edits: [
      inGuard('refused-calls.c', '{SYS_io_uring_setup, ENOSYS},', ''),
      inGuard('self-test.c', 'expect_refused("io_uring", syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);', ''),
    ],
    scenarios: ['system-calls'],
  },
  {
    id: 'keys',
    says: 'the kernel resolves names for who asks for a key',
    edits: [inGuard('refused-calls.c', '{SYS_keyctl, ENOSYS},', '')],
    scenarios: ['system-calls'],
  },
  {
    id: 'families',
    says: 'sockets of every family can be made',
    edits: [
      inGuard(
        'socket-rules.c',
        'verdict_if(program, AF_UNIX, ALLOW);\n  if (network',
        'verdict(program, ALLOW);\n  if (network',
      ),
      inGuard('self-test.c', '  test_refusals();\n', ''),
      inGuard('self-test.c', '  test_ipv4();\n  test_ipv6();\n  test_outside();\n', ''),
    ],
    scenarios: ['families', 'udp'],
  },
  {
    id: 'own-network',
    says: "the agent's loopback is the machine's",
    edits: [notAlone],
    scenarios: ['house-ports'],
  },
  {
    id: 'limits',
    says: 'the agent takes as much as it likes',
    edits: [inWorker('sandbox/agent-user.ts', '    ...limitOptions(limits),\n', '')],
    scenarios: ['core-dump'],
  },
  {
    id: 'state-folder',
    says: "the supervisor's folder can be listed",
    edits: [inWorker('run-worker.ts', 'chmod(config.STATE_DIR, 0o711)', 'chmod(config.STATE_DIR, 0o755)')],
    scenarios: ['guarded-files'],
  },
  {
    id: 'end-of-all',
    says: 'what the agent left running goes on',
    edits: [
      inWorker('sandbox/kill-agent.ts', "['--kill', ...idsOf(user)]", "['--help']"),
      inGuard('launch.c', '  kill_all_of(options->uid, options->gid);\n', ''),
    ],
    scenarios: ['after-the-end', 'unmoved'],
  },
];
