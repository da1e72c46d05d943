// The closing line of `npm test`, counted by the runner itself.
import type { Reporter, TestModule } from 'vitest/node';

export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const own = module.children.allTests();
      for (const test of own) counts[test.result().state] += 1;
      // a file that cannot be loaded or whose hooks fail has failed, however many of its tests passed
      if (module.state() === 'failed' && !module.ok() && [...module.children.allTests('failed')].length === 0)
        counts.failed += 1;
    }
    const skipped = counts.skipped + counts.pending;
    // the default reporter prints its summary in the same tick; this line comes after it
    process.stdout.write(
      `\n${counts.passed} passed, ${counts.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
    );
  }
}
