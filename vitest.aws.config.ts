import { defineConfig } from 'vitest/config';

// The functions as they are bundled, on what stands in for AWS. One file after the other: they share the
// machine's cores with it.
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/aws/packaged.ts'],
    include: ['test/aws/**/*.test.ts'],
    maxWorkers: 1,
    fileParallelism: false,
    isolate: true,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
