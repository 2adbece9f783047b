import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { SimulatedRelease } from '../../cli/simulate/simulation.ts';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { serin, temporaryFolder } from '../cli/support.ts';

const live = 'test/cases/simulate-of-a-live-object.yaml';
const rollout = parse(readFileSync(live, 'utf8')) as Rollout;

function file(value: object): string {
  const path = join(temporaryFolder(), 'live.yaml');
  writeFileSync(path, stringify(value));
  return path;
}

async function released(path: string): Promise<SimulatedRelease> {
  const { code, out, err } = await serin(['simulate', path, '--image', 'c=nginx:2', '--json']);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as SimulatedRelease;
}

describe('an object as kubectl prints it', () => {
  it('is released as if somebody applied it', async () => {
    const { name, phase, steps } = await released(live);
    expect(name).toBe('live');
    expect(steps[0]).toMatchObject({ oldPods: { desired: 2, available: 2 } });
    expect(phase).toBe('Paused');
  });

  it('may be in a list, with an owner and with ReplicaSets of its own', async () => {
    const owner = { apiVersion: 'example.com/v1', kind: 'App', name: 'a', uid: 'gone' };
    const set: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        ...{ name: 'live-5c4f', namespace: 's', uid: 'b', resourceVersion: '9' },
        ownerReferences: [
          {
            ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'live' },
            ...{ uid: rollout.metadata?.uid ?? '', controller: true },
          },
        ],
      },
      spec: { replicas: 2, selector: { matchLabels: { app: 'live' } }, ...{ template: {} } },
    };
    const owned = {
      ...rollout,
      metadata: {
        ...rollout.metadata,
        managedFields: [{ manager: 'kubectl', operation: 'Update' }],
        selfLink: '/apis/argoproj.io/v1alpha1/namespaces/s/rollouts/live',
        annotations: { 'rollout.argoproj.io/revision': '7' },
        ownerReferences: [owner],
      },
    };
    const list = { apiVersion: 'v1', kind: 'List', items: [owned, set] };
    expect(await released(file(list))).toMatchObject({ name: 'live', phase: 'Paused' });
  });

  it('is judged by what somebody wrote, not by its status', async () => {
    const later = { ...rollout, status: { ...rollout.status, fieldOfALaterVersion: 1 } };
    const { code, out } = await serin(['lint', file(later)]);
    expect(out).toMatch(/1 Rollout, nothing wrong/);
    expect(code).toBe(0);
  });
});
