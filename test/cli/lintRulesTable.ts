import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Parts } from '../cases/templates.ts';

type Entry = Parts & { what: string };

const file = new URL('lintRules.yaml', import.meta.url);

export const lintRules: {
  wrong: (Entry & { at: string })[];
  wrongLater: (Entry & { at: string })[];
  right: Entry[];
  rightByPolicy: Entry[];
} = parse(readFileSync(file, 'utf8'));
