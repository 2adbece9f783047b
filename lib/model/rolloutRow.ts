import { defined } from './defined.ts';
import type { RolloutKey } from './key.ts';
import { clipped } from './text.ts';
import type { RolloutView } from './view.ts';

/** A rollout as the list of the whole fleet has it: some 400 bytes. */
export type RolloutRow = RolloutKey & RowParts;

type RowParts = Pick<
  RolloutView,
  'phase' | 'message' | 'strategy' | 'revision' | 'setWeight' | 'actualWeight'
> &
  Pick<RolloutView['reasons'][number], 'since' | 'until' | 'unblock'> & {
    /** Canary with steps only. `index` steps of `count` are done. */
    step?: { index: number; count: number };
    pods: { desired: number; ready: number };
    /** Of the version that the spec has. */
    images: string[];
    /** Where another version is the stable one. */
    stableImages?: string[];
    /** The decisive reason, whose times these are; null where it waits for nothing but a change. */
    waitsFor: string | null;
  };

const textMax = 200;
const imagesMax = 3;

/** What of a view a row has besides the names. */
export function rolloutRow(view: RolloutView): RowParts {
  const { phase, message, strategy, revision, step, setWeight, actualWeight, replicas } = view;
  const [first] = view.reasons;
  const isReleasing = view.stableHash !== '' && view.stableHash !== view.podHash;
  return {
    ...{ phase, message: clipped(message, textMax), strategy, revision },
    ...defined({ step: step && { index: step.index, count: step.count } }),
    ...defined({ setWeight, actualWeight }),
    pods: { desired: replicas.desired, ready: replicas.ready },
    images: imagesOf(view, view.podHash),
    ...(isReleasing && { stableImages: imagesOf(view, view.stableHash) }),
    waitsFor: first ? clipped(first.text, textMax) : null,
    ...defined({ since: first?.since, until: first?.until, unblock: first?.unblock }),
  };
}

function imagesOf({ revisions }: RolloutView, hash: string): string[] {
  const sets = revisions.flatMap(({ replicaSets }) => replicaSets);
  const images = sets.find(({ podHash }) => podHash === hash)?.images ?? [];
  return images.slice(0, imagesMax).map((image) => clipped(image, textMax));
}
