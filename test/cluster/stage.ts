import { afterAll, beforeAll } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './controlPlane.ts';
import { installArgoDefinitions } from './peer.ts';
import { until } from './processes.ts';

/** A control plane with Argo's definitions for the tests of one file. */
export function withControlPlane(options: ControlPlaneOptions = {}): () => ControlPlane {
  let plane: ControlPlane | undefined;
  beforeAll(async () => {
    plane = await startControlPlane(options);
    await installArgoDefinitions(plane);
  });
  afterAll(async () => await plane?.stop());
  return () => {
    if (!plane) throw new Error('the control plane is not up');
    return plane;
  };
}

export async function apply(plane: ControlPlane, ...objects: object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await plane.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(list));
}

export async function newNamespace(plane: ControlPlane, name: string): Promise<string> {
  await apply(plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

/** A Rollout of three pods of `web:v1`. */
export function webRollout(namespace: string, spec: MergePatch): Rollout {
  const labels = { app: 'web' };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } },
      ...spec,
    },
  };
}

export async function rolloutIn(plane: ControlPlane, namespace: string): Promise<Rollout> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/web`;
  return (await plane.read(path)) as Rollout;
}

/** Waits until the rollout is in a phase, at a step if one is named, with its status caught up. */
export async function reaches(
  plane: ControlPlane,
  namespace: string,
  phase: string,
  { step, withinMs = 60_000 }: { step?: number; withinMs?: number } = {},
): Promise<Rollout> {
  let rollout: Rollout = {};
  const isThere = async (): Promise<boolean> => {
    rollout = await rolloutIn(plane, namespace);
    const { status = {}, metadata } = rollout;
    const isSeen = status.observedGeneration === String(metadata?.generation);
    return (
      isSeen && status.phase === phase && (step === undefined || status.currentStepIndex === step)
    );
  };
  await until(`${namespace}/web ${phase} ${step ?? ''}`, isThere, { withinMs }).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(rollout.status, null, 1)}`);
  });
  return rollout;
}

/** What there is once nothing has changed for a while: counts may be written a little later. */
export async function still<T>(look: () => Promise<T>): Promise<T> {
  let seen = await look();
  let since = Date.now();
  await until('stillness', async () => {
    const now = await look();
    if (JSON.stringify(now) !== JSON.stringify(seen)) since = Date.now();
    seen = now;
    return Date.now() - since > 4000;
  });
  return seen;
}
