import { createdAt } from '../model/workload.ts';
import type { Release } from './release.ts';

/** argo v1.10.1 rollout/sync.go isRollbackWithinWindow: counted by creation, not by revision. */
export function isRollbackInWindow(release: Release): boolean {
  const { current, stable } = release;
  const revisions = release.rollout.spec?.rollbackWindow?.revisions ?? 0;
  if (!current || !stable || createdAt(current) >= createdAt(stable)) return false;
  const between = release.all.filter(
    (set) => createdAt(set) > createdAt(current) && createdAt(set) < createdAt(stable),
  );
  return between.length < revisions;
}
