import { defineConfig } from 'vitest/config';

// Tests on a real control plane. One after the other: they share the machine's cores with it.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/cluster/**/*.test.ts'],
    maxWorkers: 1,
    fileParallelism: false,
    isolate: true,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
