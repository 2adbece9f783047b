import { isDrivenByOthers } from '../lib/adopt/otherDrivers.ts';
import { unsupported } from '../lib/decide/guards/validate.ts';
import type { Noticed } from '../lib/kubernetes/cache.ts';
import type { AnalysisRun, Rollout } from '../lib/model/argo.generated.ts';
import { type Key, keyText } from '../lib/model/key.ts';
import type { OwnRollouts } from './ownRollouts.ts';

/** A rollout that Serin does not drive, for what it does not carry out yet. */
export type LeftAlone = { namespace: string; name: string; field: string };

type Found = { key: Key; isAtRest: boolean; left: LeftAlone[]; rollout?: Rollout };

/** The rollouts of this instance that are there when Serin starts; not whole, but for a few. */
export function foundAtStart(own: OwnRollouts) {
  const found = new Map<string, Found>();
  const noteRun = (change: Noticed): void => {
    const { status }: AnalysisRun = change.object;
    // An Experiment says no more than that by its phase, and has pods for a while.
    const isOver = Boolean(status?.completedAt);
    const keys = isOver ? [] : own.concerned(change).filter(({ kind }) => kind !== undefined);
    for (const key of keys) found.set(keyText(key), { key, isAtRest: false, left: [] });
  };
  return {
    note: (change: Noticed): void => {
      if (change.kind === 'AnalysisRun' || change.kind === 'Experiment') noteRun(change);
      if (change.kind !== 'Rollout') return;
      const rollout: Rollout = change.object;
      for (const key of own.concerned(change)) {
        found.set(keyText(key), {
          ...{ key, isAtRest: isAtRest(rollout), left: leftAlone(rollout) },
          ...(isDrivenByOthers(rollout) && { rollout }),
        });
      }
    },
    /** Those at rest come last: a release does not wait for them. */
    keys: (): Key[] => {
      const all = [...found.values()];
      const atRest = all.filter((each) => each.isAtRest);
      return [...all.filter((each) => !each.isAtRest), ...atRest].map(({ key }) => key);
    },
    leftAlone: (): LeftAlone[] => [...found.values()].flatMap(({ left }) => left),
    drivenByOthers: (): Rollout[] =>
      [...found.values()].flatMap(({ rollout }) => (rollout ? [rollout] : [])),
  };
}

/** By what its status says. */
function isAtRest({ metadata, status }: Rollout): boolean {
  return status?.phase === 'Healthy' && status.observedGeneration === String(metadata?.generation);
}

function leftAlone(rollout: Rollout): LeftAlone[] {
  const field = unsupported(rollout);
  const { namespace = '', name = '' } = rollout.metadata ?? {};
  return field === undefined ? [] : [{ namespace, name, field }];
}
