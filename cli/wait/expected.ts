import type { ReplicaSetView, RolloutView } from '../../lib/model/view.ts';
import { CliError, exitCodes } from '../exit.ts';
import { plain } from '../text.ts';

// The version that a wait is for: what is seen before it comes is the old one's, and after it another's.

export type Expected = { expectImage?: string; expectRevision?: number };

/**
 * Tells of each look whether the expected version is there, or is to come. Throws when another has taken its
 * place: nothing will bring it by itself any more.
 */
export function arrival(expected: Expected): (view: RolloutView) => boolean {
  const { expectImage: image, expectRevision: revision } = expected;
  /** The image's revision when the wait began: an older release of it was another one. */
  let before: { revision: number } | undefined;
  return (view) => {
    if (image === undefined && revision === undefined) return true;
    const current = currentIn(view);
    before ??= { revision: image === undefined ? 0 : (revisionOf(view, image) ?? 0) };
    if (current === undefined) return false;
    const isImage = image === undefined || current.images.includes(image);
    if (revision !== undefined && view.revision > revision) throw superseded(view, expected);
    if (revision === view.revision && !isImage) throw isAnother(view, current, image ?? '');
    if (isImage && (revision ?? view.revision) === view.revision) {
      // From now on anything newer takes its place.
      before = { revision: 0 };
      return true;
    }
    const came = image === undefined ? 0 : (revisionOf(view, image) ?? 0);
    if (!isImage && came > before.revision && came < view.revision)
      throw superseded(view, expected);
    return false;
  };
}

/** What the rollout is at, in words: `web:1 (revision 1)`. */
export function versionText(view: RolloutView): string {
  const images = currentIn(view)?.images.join(', ') ?? 'a new template';
  return plain(`${images} (revision ${view.revision})`);
}

export function expectedText({ expectImage, expectRevision }: Expected): string {
  const revision = expectRevision === undefined ? [] : [`revision ${expectRevision}`];
  return plain([...(expectImage === undefined ? [] : [expectImage]), ...revision].join(' as '));
}

/** When the expected image was released before, and so is not to be mistaken for missing. */
export function formerText(view: RolloutView, { expectImage }: Expected): string {
  const former = expectImage === undefined ? undefined : revisionOf(view, expectImage);
  return former === undefined ? '' : plain(`; ${expectImage} was revision ${former}`);
}

/** The current version's ReplicaSet; undefined while its revision and the status are written one by one. */
function currentIn({ revisions, revision, podHash }: RolloutView): ReplicaSetView | undefined {
  const sets = revisions.find((each) => each.revision === revision)?.replicaSets ?? [];
  return sets.find((set) => set.podHash === podHash);
}

/** The newest revision that has the image. */
function revisionOf({ revisions }: RolloutView, image: string): number | undefined {
  const having = revisions.filter(({ replicaSets }) =>
    replicaSets.some(({ images }) => images.includes(image)),
  );
  return having.length === 0 ? undefined : Math.max(...having.map(({ revision }) => revision));
}

function superseded(view: RolloutView, expected: Expected): CliError {
  const what = `${plain(view.name)} is past ${expectedText(expected)}`;
  return new CliError(`${what}, which was superseded: it is at ${versionText(view)}`, refused);
}

function isAnother(view: RolloutView, { images }: ReplicaSetView, image: string): CliError {
  const text = `revision ${view.revision} of ${view.name} has ${images.join(', ')}, not ${image}`;
  return new CliError(plain(text), refused);
}

const refused = {
  exitCode: exitCodes.refused,
  hint: '`serin history` says what was released, and by whom.',
};
