import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with `N passed, N failed`. */
export class Totals implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    // A file that could not be run has no tests.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const failed = tests.length - passed + broken + errors.length;
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  }
}
