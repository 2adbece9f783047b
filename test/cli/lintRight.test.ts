import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { faultsOf } from '../../cli/lint/check.ts';
import { rolloutScenarios } from '../recordings/scenarios.ts';
import { manifestOf } from '../recordings/stage.ts';
import { serin } from './support.ts';

// Every Rollout of this repository that a cluster took is right.

const deliberate: Record<string, RegExp> = {
  'test/cases/lint-kruise-rollout.yaml': /^no Rollout/,
  'test/cases/role-label-against-the-selector.yaml': /canaryMetadata.labels\[app\] must be web/,
  // What is written into it is the time of the test.
  'test/cases/scheduled-restart-swallowed.yaml': /^spec.restartAt must be a time/,
  'restart-scheduled-at-first': /^spec.restartAt must be a time/,
  // Wrong until the scenario puts it right.
  'dynamic-stable-scale-without-traffic': /dynamicStableScale works only with trafficRouting/,
  'invalid-then-fixed-weight': /steps\[\d\].setWeight must be between 0 and 100/,
  'router-invalid-managed-route': /setHeaderRoute.name must be one of .*managedRoutes/,
  'router-invalid-no-stable-service': /stableService is missing/,
};

const later = /^is right, but this version of Serin does not carry it out yet$/;

function told(path: string, message: string): string {
  return `${path} ${message}`.trim();
}

describe('manifests that are right', () => {
  const listed = execFileSync('git', ['ls-files', 'examples/*.yaml', 'test/*.yaml'], {
    encoding: 'utf8',
  });
  const files = listed
    .trim()
    .split('\n')
    .filter((file) => /^kind: Rollout$/m.test(readFileSync(file, 'utf8')));

  it('are there', () => {
    expect(files).toContain('examples/front-api.yaml');
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files)('%s', async (file) => {
    const { out } = await serin(['lint', file, '-o', 'json']);
    const findings: { path: string; message: string }[] = JSON.parse(out).files[0].findings;
    const wrong = findings.map(({ path, message }) => told(path, message));
    expect(wrong.filter((line) => !deliberate[file]?.test(line))).toEqual([]);
  });

  it.each(rolloutScenarios().map(({ name, rollout }) => ({ name, rollout })))(
    'the recorded $name',
    ({ name, rollout }) => {
      const wrong = faultsOf(manifestOf(rollout)).map(({ path, message }) => told(path, message));
      expect(wrong.filter((line) => !deliberate[name]?.test(line))).toEqual([]);
    },
  );

  const parity = new URL('../cluster/parity/scenarios.yaml', import.meta.url);
  const played = parseAllDocuments(readFileSync(parity, 'utf8')).map((each) => each.toJS());

  it.each(played.filter(({ rollout }) => rollout))('the played $name', ({ name, rollout }) => {
    const found = faultsOf(manifestOf(rollout)).filter(({ message }) => !later.test(message));
    const wrong = found.map(({ path, message }) => told(path, message));
    expect(wrong.filter((line) => !deliberate[name]?.test(line))).toEqual([]);
  });
});
