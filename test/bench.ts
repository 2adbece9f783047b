// `npm run bench`: `--page` measures the page and the list that it asks for; all else measures releases on a
// control plane, beside Argo's controller.

if (process.argv.includes('--page')) await import('./browser/bench.ts');
else {
  process.argv.splice(2, 0, 'node', 'test/cluster/bench/run.ts');
  await import('./cluster/alone.ts');
}
