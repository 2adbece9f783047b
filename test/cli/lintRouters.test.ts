import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serin, temporaryFolder } from './support.ts';

const example = readFileSync('examples/front-api.yaml', 'utf8');

const appMesh = `
      canaryService: canary
      stableService: stable
      trafficRouting:
        appMesh:
          virtualService: {name: web}
          virtualNodeGroup:
            canaryVirtualNodeRef: {name: new}
            stableVirtualNodeRef: {name: old}
`;

function file(text: string): string {
  const path = join(temporaryFolder(), 'rollout.yaml');
  writeFileSync(path, text);
  return path;
}

it('lint warns of App Mesh, whose service has ended, and lets it pass', async () => {
  const text = example.replace(/\n {4}canary:\n/, `\n    canary:${appMesh}`);
  const line = text.slice(0, text.indexOf('appMesh')).split('\n').length;
  const path = file(text);
  const { code, out } = await serin(['lint', path]);
  expect(out).toBe(
    `${path}:${line}: note: spec.strategy.canary.trafficRouting.appMesh is of a service that AWS ` +
      'ended on 30 September 2026: what is written to it changes no traffic; use another router\n' +
      `${path}: 1 Rollout, nothing wrong\n`,
  );
  expect(code).toBe(0);
});
