import { isRecord } from '../../lib/model/gotypes.ts';

const fields = ['spec', 'strategy', 'canary', 'trafficRouting', 'appMesh'];

/** What is no fault of a spec, and yet keeps its routing from working. `value` is whatever a file has. */
export function routerNotes(value: unknown): { path: string; message: string }[] {
  const appMesh = fields.reduce<unknown>(
    (inner, name) => (isRecord(inner) ? inner[name] : undefined),
    value,
  );
  if (!isRecord(appMesh) || !isRecord(value) || value.kind !== 'Rollout') return [];
  const message =
    'is of a service that AWS ended on 30 September 2026: what is written to it changes no traffic; ' +
    'use another router';
  return [{ path: fields.join('.'), message }];
}
