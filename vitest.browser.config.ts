import { defineConfig } from 'vitest/config';
import { Totals } from './test/traffic/totals.ts';

// The page in a real browser, against a Serin on a simulated cluster.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/browser/**/*.test.ts'],
    maxWorkers: 1,
    fileParallelism: false,
    isolate: false,
    // On a machine that has nothing else to do they take seconds.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default', new Totals()],
    disableConsoleIntercept: true,
  },
});
