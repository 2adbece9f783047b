import { createdAt } from '../../model/workload.ts';
import { isOnHold } from './pauseReason.ts';
import type { Release } from './release.ts';

/**
 * Counted by creation, not by revision. argo v1.10.1 rollout/sync.go isRollbackWithinWindow
 * Under a hold nobody knows what it would be a rollback from: docs/adr/0006-lost-status.md
 */
export function isRollbackInWindow(release: Release): boolean {
  const { current, stable, status } = release;
  if (isOnHold(status)) return false;
  const revisions = release.rollout.spec?.rollbackWindow?.revisions ?? 0;
  if (!current || !stable || createdAt(current) >= createdAt(stable)) return false;
  const between = release.all.filter(
    (set) => createdAt(set) > createdAt(current) && createdAt(set) < createdAt(stable),
  );
  return between.length < revisions;
}
