import type { Rollout } from '../api/answers.ts';
import type { Offer } from './offers.ts';

export type FieldValues = { revision?: string; container?: string; image?: string };

type Props = {
  offer: Offer;
  view: Rollout;
  values: FieldValues;
  change: (values: FieldValues) => void;
};

/** What an act takes beside a reason, as the fields of its body. */
export function fieldsOf({ takes }: Offer, values: FieldValues): Record<string, unknown> {
  if (takes === 'revision') return values.revision ? { toRevision: Number(values.revision) } : {};
  if (takes === 'image') return { container: values.container || '*', image: values.image ?? '' };
  return {};
}

export function Fields({ offer, view, values, change }: Props) {
  if (offer.takes === 'revision') {
    return <Revisions view={view} values={values} change={change} />;
  }
  if (offer.takes === 'image') return <Image values={values} change={change} />;
  return null;
}

function Revisions({ view, values, change }: Omit<Props, 'offer'>) {
  const earlier = view.revisions.filter(({ revision }) => revision !== view.revision);
  return (
    <div class="field">
      <label for="revision">To which revision?</label>
      <select
        id="revision"
        value={values.revision ?? ''}
        onChange={({ currentTarget }) => change({ ...values, revision: currentTarget.value })}
      >
        <option value="">the one before this</option>
        {earlier.map(({ revision, replicaSets }) => (
          <option key={revision} value={revision}>
            {revision}: {replicaSets.flatMap(({ images }) => images).join(', ')}
          </option>
        ))}
      </select>
    </div>
  );
}

function Image({ values, change }: Pick<Props, 'values' | 'change'>) {
  return (
    <>
      <div class="field">
        <label for="container">Container (* for all)</label>
        <input
          id="container"
          autocomplete="off"
          value={values.container ?? '*'}
          onInput={({ currentTarget }) => change({ ...values, container: currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for="image">Image</label>
        <input
          id="image"
          autocomplete="off"
          value={values.image ?? ''}
          onInput={({ currentTarget }) => change({ ...values, image: currentTarget.value })}
        />
      </div>
    </>
  );
}
