import { writeFileSync } from 'node:fs';
import { openapiDocument } from '../lib/api/openapi.ts';

// Writes docs/openapi.json from the schemas in use. A test fails when the committed file is stale.

const path = new URL('../docs/openapi.json', import.meta.url);
writeFileSync(path, `${JSON.stringify(openapiDocument(), null, 2)}\n`);
