import { describe, expect, it } from 'vitest';
import { faultsOf } from '../../cli/lint/check.ts';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { serin } from '../cli/support.ts';
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
