import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['test/cluster/**', 'test/aws/**', 'test/browser/**'],
    maxWorkers: 2,
    bail: 0,
    passWithNoTests: false,
    coverage: { include: ['lib/**', 'functions/**', 'cli/**'] },
  },
});
