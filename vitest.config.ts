import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['test/cluster/**', 'test/aws/**', 'test/traffic/**', 'test/browser/**'],
    maxWorkers: 2,
    bail: 0,
    // Some tests start programs, and machines have other things to do: this ends what hangs.
    testTimeout: 30_000,
    passWithNoTests: false,
    coverage: { include: ['lib/**', 'functions/**', 'server/**', 'cli/**'] },
  },
});
