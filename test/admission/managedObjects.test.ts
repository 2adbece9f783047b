import { describe, expect, it } from 'vitest';
import { secondMs } from '../../lib/model/units.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { make, start } from '../make.ts';
import { doorbellStage } from './stage.ts';

const key = { cluster: 'prod', namespace: 'shop', name: 'web' };

describe('a notice', () => {
  it.each([
    ['Ingress', { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' }],
    [
      'AppMeshVirtualService',
      { group: 'appmesh.k8s.aws', version: 'v1beta2', resource: 'virtualservices' },
    ],
    ['Service', { group: '', version: 'v1', resource: 'services' }],
  ] as const)('of a %s wakes the rollouts that manage it', async (kind, resource) => {
    const { clock, ring, sent, store, notices } = await doorbellStage();
    const managed = [{ kind, namespace: 'shop', name: 'web' }];
    await store.save({ ...blankRecord(key), progress: make.progress(), managed });
    await store.save(blankRecord({ ...key, name: 'other' }));
    const object = (resourceVersion: string, annotations = {}) => ({
      metadata: { name: 'web', namespace: 'shop', uid: 'i', resourceVersion, annotations },
    });
    const [oldObject, edited] = [object('7'), object('7', { weight: '1' })];
    const notice = { resource, name: 'web', oldObject, object: edited };
    await ring(notice);
    await ring({ ...notice, name: 'another' });
    const looks = 0;
    expect(sent.map(({ message }) => message)).toEqual([
      { key, before: { uid: 'i', resourceVersion: '7', looks } },
    ]);
    clock.set(start + 9 * secondMs);
    await ring({ ...notice, operation: 'CREATE', oldObject: null });
    await ring({ ...notice, operation: 'DELETE', object: null });
    clock.set(start + 18 * secondMs);
    await ring({ ...notice, operation: 'DELETE', object: null });
    expect(sent.slice(1).map(({ message }) => message)).toEqual([
      { key, before: { uid: 'i', resourceVersion: '', looks } },
      { key, before: { uid: 'i', resourceVersion: '7', looks } },
    ]);
    // Nobody is said to have moved the release on by it.
    expect(await notices()).toEqual([]);
  });
});
