import { defineConfig } from 'vitest/config';
import { Totals } from './test/traffic/totals.ts';

// Requests through a real gateway while releases go on. The stories of one file may run side by side.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/traffic/**/*.test.ts'],
    maxWorkers: 1,
    fileParallelism: false,
    isolate: true,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', new Totals()],
    disableConsoleIntercept: true,
  },
});
