import { describe, expect, it } from 'vitest';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { type Change, concerned, itself, keyOf } from '../../lib/queue/keys.ts';

const owner = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  name: 'front-api',
  uid: 'u',
  controller: true,
};
const replicaSet = (over: Partial<ReplicaSet> = {}): ReplicaSet => ({
  kind: 'ReplicaSet',
  apiVersion: 'apps/v1',
  metadata: { namespace: 'shop', name: 'front-api-6f', ownerReferences: [owner] },
  spec: { replicas: 2 },
  status: { replicas: 2, readyReplicas: 1, availableReplicas: 1 },
  ...over,
});
const owned = (over: object) =>
  replicaSet({
    metadata: { namespace: 'shop', name: 'rs', ownerReferences: [{ ...owner, ...over }] },
  });
const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };

describe('keyOf', () => {
  it('a Rollout is its own', () => {
    const rollout = { kind: 'Rollout', metadata: { namespace: 'shop', name: 'front-api' } };
    expect(keyOf('prod', rollout)).toEqual(key);
    expect(keyOf('prod', { metadata: rollout.metadata }, 'Rollout')).toEqual(key);
  });

  it('a ReplicaSet is of the Rollout that controls it, in whatever version', () => {
    expect(keyOf('prod', replicaSet())).toEqual(key);
    expect(keyOf('prod', owned({ apiVersion: 'argoproj.io/v1beta9' }))).toEqual(key);
  });

  it.each([
    ['a ReplicaSet of a Deployment', owned({ kind: 'Deployment', apiVersion: 'apps/v1' })],
    ['a Rollout of another group', owned({ apiVersion: 'example.com/v1' })],
    ['a ReplicaSet whose owner does not control it', owned({ controller: false })],
    ['a ReplicaSet nobody owns', replicaSet({ metadata: { namespace: 'shop', name: 'rs' } })],
    ['a Pod of a Rollout', { ...replicaSet(), kind: 'Pod' }],
    ['a Rollout without a namespace', { kind: 'Rollout', metadata: { name: 'x' } }],
    ['a Rollout without a name', { kind: 'Rollout', metadata: { namespace: 'x' } }],
    ['an object without metadata', { kind: 'Rollout' }],
    ['an object without a kind', { metadata: { namespace: 'shop', name: 'x' } }],
  ])('none for %s', (_, object) => {
    expect(keyOf('prod', object)).toBeUndefined();
  });
});

describe('concerned', () => {
  const change = (over: Partial<Change>): Change => ({
    type: 'MODIFIED',
    kind: 'ReplicaSet',
    object: replicaSet(),
    before: replicaSet(),
    ...over,
  });
  const status = { replicas: 2, readyReplicas: 1, availableReplicas: 1 };

  it.each([
    ['spec.replicas', { spec: { replicas: 3 } }],
    ['status.replicas', { status: { ...status, replicas: 1 } }],
    ['readyReplicas', { status: { ...status, readyReplicas: 2 } }],
    ['availableReplicas', { status: { ...status, availableReplicas: 0 } }],
    ['a count that is left out for zero', { status: { replicas: 2, readyReplicas: 1 } }],
  ])('wakes for %s', (_, over) => {
    expect(concerned(change({ object: replicaSet(over) }), 'prod', [])).toEqual([key]);
  });

  it.each([
    ['nothing', {}],
    ['its metadata', { metadata: { ...replicaSet().metadata, annotations: { a: 'b' } } }],
    ['a condition', { status: { ...status, conditions: [], observedGeneration: 4 } }],
  ])('does not wake for %s', (_, over) => {
    expect(concerned(change({ object: replicaSet(over) }), 'prod', [])).toEqual([]);
  });

  it('takes an absent count and zero for the same', () => {
    const object = replicaSet({ status: { replicas: 0, readyReplicas: 0 } });
    const before = replicaSet({ status: { replicas: 0 } });
    expect(concerned(change({ object, before }), 'prod', [])).toEqual([]);
  });

  it('wakes for a ReplicaSet that was deleted', () => {
    expect(concerned(change({ type: 'DELETED' }), 'prod', [])).toEqual([key]);
  });

  it('wakes for what it cannot compare', () => {
    const { before: _, ...blind } = change({});
    expect(concerned(blind, 'prod', [])).toEqual([key]);
    expect(concerned({ ...blind, type: 'ADDED' }, 'prod', [])).toEqual([key]);
  });

  it('wakes for a ReplicaSet that nobody owns any more', () => {
    const object = replicaSet({ metadata: { namespace: 'shop', name: 'rs' } });
    expect(concerned(change({ object }), 'prod', [])).toEqual([key]);
  });

  it('leaves what changed in a Rollout to the caller', () => {
    const object = { kind: 'Rollout', metadata: { namespace: 'shop', name: 'front-api' } };
    expect(concerned(change({ kind: 'Rollout', object, before: object }), 'prod', [])).toEqual([
      key,
    ]);
  });

  it('does not wake for what is no rollout’s', () => {
    const object = replicaSet({ metadata: { namespace: 'shop', name: 'rs' } });
    expect(concerned(change({ type: 'DELETED', object, before: object }), 'prod', [])).toEqual([]);
    expect(concerned(change({ type: 'DELETED', kind: 'Pod' }), 'prod', [])).toEqual([]);
  });

  const referring = (kind: string, name: string): Rollout => ({
    metadata: { namespace: 'shop', name: 'front-api' },
    spec: {
      workloadRef: { apiVersion: kind === 'PodTemplate' ? 'v1' : 'apps/v1', kind, name },
      strategy: { canary: { stableService: 'front' } },
    },
  });
  const workload = (generation: number) => ({
    metadata: { namespace: 'shop', name: 'front', generation },
  });

  it.each(['Deployment', 'ReplicaSet', 'PodTemplate'])(
    'wakes those that take their template from a %s, for a new generation only',
    (kind) => {
      const rollouts = [referring(kind, 'front'), referring(kind, 'other')];
      const changed = change({ kind, object: workload(2), before: workload(1) });
      expect(concerned(changed, 'prod', rollouts)).toEqual([key]);
      expect(concerned({ ...changed, before: workload(2) }, 'prod', rollouts)).toEqual([]);
      expect(concerned({ ...changed, type: 'DELETED' }, 'prod', rollouts)).toEqual([key]);
    },
  );

  it('wakes those that name a Service', () => {
    const changed = change({ kind: 'Service', object: workload(1), before: workload(1) });
    const elsewhere = { ...referring('Deployment', 'x'), metadata: { namespace: 'b', name: 'y' } };
    expect(concerned(changed, 'prod', [referring('Deployment', 'x'), elsewhere])).toEqual([key]);
  });
});

describe('what has turns of its own', () => {
  const run = { cluster: 'prod', kind: 'AnalysisRun', namespace: 'shop', name: 'web-6f-2' };
  const ofRollout = (status: object, references = [owner]) => ({
    metadata: { namespace: 'shop', name: run.name, ownerReferences: references },
    status,
  });
  const changed = (kind: string, object: object, before?: object): Change => ({
    ...{ type: before ? 'MODIFIED' : 'ADDED', kind, object },
    ...(before && { before }),
  });

  it('is concerned itself, and what owns it where that sees a difference', () => {
    const running = ofRollout({ phase: 'Running' });
    const measured = ofRollout({ phase: 'Running', metricResults: [{ count: 1 }] });
    expect(itself(changed('AnalysisRun', running), 'prod')).toEqual([run, key]);
    expect(itself(changed('AnalysisRun', measured, running), 'prod')).toEqual([run]);
    const failed = ofRollout({ phase: 'Failed' });
    expect(itself(changed('AnalysisRun', failed, measured), 'prod')).toEqual([run, key]);
    expect(itself(changed('AnalysisRun', ofRollout({}, []), running), 'prod')).toEqual([run, key]);
  });

  it('is alone where nobody owns it', () => {
    expect(itself(changed('AnalysisRun', ofRollout({}, [])), 'prod')).toEqual([run]);
  });

  it('is concerned by the end of its Jobs, and not by other Jobs', () => {
    const controller = { ...owner, kind: 'AnalysisRun', name: run.name };
    const job = (conditions: object[], references: object[] = [controller]) => ({
      metadata: { namespace: 'shop', name: 'j', ownerReferences: references },
      status: { conditions },
    });
    const ended = job([{ type: 'Complete' }]);
    expect(itself(changed('Job', ended, job([])), 'prod')).toEqual([run]);
    expect(itself(changed('Job', ended, ended), 'prod')).toEqual([]);
    expect(itself(changed('Job', job([], [])), 'prod')).toEqual([]);
    const nightly = { ...owner, apiVersion: 'batch/v1', kind: 'CronJob' };
    expect(itself(changed('Job', job([], [nightly])), 'prod')).toEqual([]);
  });
});
