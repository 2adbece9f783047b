import type { Act } from '../../lib/model/act.ts';
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
export function fieldsOf({ takes, said }: Offer, values: FieldValues): Record<string, unknown> {
  if (takes === 'revision') {
    const revision = Number(values.revision ?? said?.options?.toRevision);
    return Number.isInteger(revision) ? { toRevision: revision } : {};
  }
  if (takes === 'image') return { container: values.container || '*', image: values.image ?? '' };
  return {};
}

/** What the server says of the act with these values. */
export function saidOf({ said, variants = [] }: Offer, { revision }: FieldValues): Act | undefined {
  return variants.find(({ options }) => String(options?.toRevision) === revision) ?? said;
}

export function Fields({ offer, view, values, change }: Props) {
  if (offer.takes === 'revision') {
    return <Revisions offer={offer} view={view} values={values} change={change} />;
  }
  if (offer.takes === 'image') return <Image values={values} change={change} />;
  return null;
}

function Revisions({ offer, view, values, change }: Props) {
  const earlier = view.revisions.filter(({ revision }) => revision !== view.revision);
  return (
    <div class="field">
      <label for="revision">To which revision?</label>
      <select
        id="revision"
        value={String(fieldsOf(offer, values).toRevision ?? '')}
        onChange={({ currentTarget }) => change({ ...values, revision: currentTarget.value })}
      >
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
