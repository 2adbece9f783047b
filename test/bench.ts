import { execFileSync } from 'node:child_process';

// `npm run bench`: `--page` measures the page and the list that it asks for; all else measures releases on a
// control plane, beside Argo's controller.

if (process.argv.includes('--page')) await import('./browser/bench.ts');
else {
  // What people start is the bundle, and beside newer sources it is not started.
  execFileSync(process.execPath, ['scripts/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.argv.splice(2, 0, 'node', 'test/cluster/bench/run.ts');
  await import('./cluster/alone.ts');
}
