import { fileURLToPath } from 'node:url';
import { buildPage } from './page.ts';

// Makes dist/page/ of page/, and says what each part of it weighs. With --watch again whenever a source
// changes.

await buildPage(fileURLToPath(new URL('../dist/page', import.meta.url)), {
  watch: process.argv.includes('--watch'),
});
