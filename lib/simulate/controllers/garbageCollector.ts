import type { ObjectMeta } from '../../model/argo.generated.ts';
import { kindNames } from '../../model/kinds.ts';
import type { Millis } from '../../model/units.ts';
import type { Objects } from '../apiServer/objects.ts';
import type { TaskClock } from '../clock.ts';
import { workQueue } from './workQueue.ts';

const writer = { manager: 'kube-controller-manager' };

/** Deletes what has owners of which none exists any more, a little later, in the background. */
export function collectGarbage(clock: TaskClock, objects: Objects, delayMs: Millis): void {
  const alive = new Set<string>();
  const isOrphan = ({ ownerReferences = [] }: ObjectMeta): boolean =>
    ownerReferences.length > 0 && !ownerReferences.some(({ uid }) => alive.has(uid));

  const collect = (): void => {
    for (const kind of kindNames) {
      for (const { metadata = {} } of objects.list(kind, '')) {
        const { namespace = '', name = '', uid = '' } = metadata;
        if (isOrphan(metadata)) objects.remove(kind, { namespace, name, uid }, writer);
      }
    }
  };
  const queue = workQueue(clock, delayMs, collect);
  objects.watch(({ type, object }) => {
    const { uid = '', ...metadata } = object.metadata ?? {};
    if (type === 'DELETED') alive.delete(uid);
    else alive.add(uid);
    // Something can also be created for an owner that has just gone.
    if (type === 'DELETED' || isOrphan(metadata)) queue.add('all');
  });
}
