import { writeFileSync } from 'node:fs';
import { cliDocs } from './cliDocs.ts';

// Writes docs/cli.md from the commands. A test fails when the committed file is stale.

writeFileSync(new URL('../docs/cli.md', import.meta.url), await cliDocs());
