import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { faultsOf } from '../../cli/lint/check.ts';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { serin, temporaryFolder } from '../cli/support.ts';
import { openCase, readCase, setImage } from './manifests.ts';
import { rolloutOf } from './templates.ts';

// A role whose labels the selector does not let a pod have: no ReplicaSet of it can be made. Argo takes
// such a spec and runs it, up to the release.

const name = 'role-label-against-the-selector';
const file = `test/cases/${name}.yaml`;
const at = 'spec.strategy.canary.canaryMetadata.labels[app]';

function pathsOf(spec: RolloutSpec): string[] {
  return faultsOf(rolloutOf({ template: { labels: { app: 'lint', tier: 'a' } }, spec })).map(
    ({ path }) => path,
  );
}

describe('a label of a role that the selector does not let its pods have', () => {
  it('is found by lint, with its line and what to do', async () => {
    const { code, out } = await serin(['lint', file]);
    expect(out).toBe(
      `${file}:7: ${at} must be web, which spec.selector asks for, or be left out: Kubernetes refuses ` +
        'a ReplicaSet whose selector does not find its pods\n',
    );
    expect(code).toBe(1);
  });

  it.each([
    ['canary', 'canaryMetadata'],
    ['canary', 'stableMetadata'],
    ['blueGreen', 'activeMetadata'],
    ['blueGreen', 'previewMetadata'],
  ])('is found in %s.%s, and so is the hash', (strategy, role) => {
    const own = strategy === 'canary' ? {} : { activeService: 'active' };
    const of = (labels: object) => ({ strategy: { [strategy]: { ...own, [role]: { labels } } } });
    const path = `spec.strategy.${strategy}.${role}.labels`;
    expect(pathsOf(of({ app: 'other' }))).toEqual([`${path}[app]`]);
    expect(pathsOf(of({ [hashLabel]: 'abc' }))).toEqual([`${path}[${hashLabel}]`]);
    expect(pathsOf(of({ app: 'lint', role: 'x', constructor: 'x' }))).toEqual([]);
  });

  it.each([
    ['In', ['a', 'b'], 'c'],
    ['NotIn', ['b', 'c'], 'c'],
  ])('is found by what the selector asks with %s', (operator, values, wrong) => {
    const of = (tier: string) =>
      pathsOf({
        selector: { matchExpressions: [{ key: 'tier', operator, values }] },
        strategy: { canary: { canaryMetadata: { labels: { tier } } } },
      });
    expect(of('a')).toEqual([]);
    expect(of(wrong)).toEqual(['spec.strategy.canary.canaryMetadata.labels[tier]']);
  });

  it('is told once where it can be no label anyway', () => {
    const canary = { canaryMetadata: { labels: { app: '*' } } };
    expect(pathsOf({ strategy: { canary } })).toEqual([at]);
  });

  it('is found beside a workloadRef, as far as the selector is known', () => {
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const canary = { canaryMetadata: { labels: { app: 'other', [hashLabel]: 'abc' } } };
    const of = (selector: RolloutSpec['selector']) =>
      faultsOf({
        ...rolloutOf({}),
        spec: { workloadRef, strategy: { canary }, ...(selector && { selector }) },
      }).map(({ path }) => path);
    const hash = `spec.strategy.canary.canaryMetadata.labels[${hashLabel}]`;
    expect(of({ matchLabels: { app: 'web' } })).toEqual([at, hash]);
    expect(of(undefined)).toEqual([hash]);
  });
});

describe('simulate', () => {
  const simulate = async (path: string, image: string) => {
    const { code, out, err } = await serin(['simulate', path, '--image', image]);
    return { code, text: `${out}${err}` };
  };
  const refused =
    /Failed to create new replica set "web-\w+": .*`selector` does not match template/;

  it('says that the ReplicaSet is refused, why, and what to correct', async () => {
    const { code, text } = await simulate(file, 'c=nginx:2');
    expect(text).toMatch(/^0.0s .*Degraded +Failed to create new replica set/m);
    expect(text).toMatch(refused);
    expect(text).toContain(`To move it on: correct ${at}.`);
    expect(code).toBe(1);
  });

  it('says so of an image of a workload', async () => {
    const { spec } = readCase(name);
    const { template, replicas: _, ...more } = spec;
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const objects = [
      { ...rolloutOf({}), metadata: { name: 'web' }, spec: { ...more, workloadRef } },
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
        spec: { replicas: 0, selector: spec.selector, template },
      },
    ];
    const path = join(temporaryFolder(), 'workload.yaml');
    writeFileSync(path, objects.map((each) => stringify(each)).join('---\n'));
    expect((await simulate(path, 'c=nginx:2')).text).toMatch(refused);
    expect((await simulate(path, 'c=nginx:1')).text).toMatch(/nothing to release: c runs nginx:1/);
  });

  it('of the image that runs says that there is nothing to release', async () => {
    const { code, text } = await simulate(file, 'c=nginx:1');
    expect(text).toMatch(/nothing to release: c runs nginx:1 already/);
    expect(code).toBe(1);
  });

  it('of a first version that is refused names the label as well', async () => {
    const { spec } = readCase(name);
    const { canary } = spec.strategy ?? {};
    const { canaryMetadata: stableMetadata, ...others } = canary ?? {};
    const strategy = { canary: { ...others, stableMetadata } };
    const path = join(temporaryFolder(), 'stable.yaml');
    const metadata = { name: 'web' };
    writeFileSync(path, stringify({ ...rolloutOf({}), metadata, spec: { ...spec, strategy } }));
    const { text } = await simulate(path, 'c=nginx:2');
    expect(text).toMatch(/does not become Healthy: Degraded: Failed to create new replica set/);
    expect(text).toMatch(/correct spec.strategy.canary.stableMetadata.labels\[app\]/);
  });
});

describe('the rollout itself', () => {
  it('runs as with Argo, and is no invalid spec: only its ReplicaSet is refused', async () => {
    const release = await openCase(name);
    expect(release.where()).toBe('Healthy 2/2');
    await setImage(release, 'nginx:2', 60_000);
    expect(release.status().phase).toBe('Degraded');
    expect(release.status().message).toMatch(/`selector` does not match template `labels`/);
    const { view } = await release.simulated.world.invoke({ key: release.dog.key, look: true });
    expect(view.reasons).toMatchObject([{ unblock: `correct ${at}` }]);
    const types = (release.status().conditions ?? []).map(({ type }) => type);
    expect(types).not.toContain('InvalidSpec');
    await release.after({ do: 'scale', replicas: 5 }, 30_000);
    expect(release.sizes()).toEqual({ 'nginx:1': 5 });
    expect(readCase(name).spec.strategy?.canary?.canaryMetadata?.labels).toEqual({ app: 'other' });
    await setImage(release, 'nginx:1', 60_000);
    expect(release.where()).toBe('Healthy 2/2');
  });
});
