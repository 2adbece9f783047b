import type { FleetRow } from '../../lib/model/fleet.ts';
import { rolloutAddress } from '../addresses.ts';
import { memo } from '../parts/memo.ts';
import { Phase } from '../parts/sign.tsx';
import { spoken } from '../parts/spoken.ts';
import { left, useNow } from '../parts/time.tsx';
import { idOf } from './order.ts';

const columns = ['Rollout', 'Phase', 'Step', 'Canary', 'Pods', 'Image', 'Waits for', 'Since'];

// A grid takes a table's meaning away, hence the roles.
export function Rows({ rows, name }: { rows: FleetRow[]; name: string }) {
  const now = useNow();
  const minute = Math.floor(now / agesEveryMs);
  return (
    <div class="rows" role="table" aria-label={name} aria-rowcount={rows.length}>
      <div class="row head" role="row">
        {columns.map((column) => (
          <span key={column} role="columnheader">
            {column}
          </span>
        ))}
      </div>
      {rows.map((row) => (
        <Row key={idOf(row)} row={row} minute={minute} now={now} />
      ))}
    </div>
  );
}

/** Ages of thousands of rows do not run by the second. */
const agesEveryMs = 10_000;

type RowProps = { row: FleetRow; minute: number; now: number };

const Row = memo(
  ({ row, now }: RowProps) => {
    const { cluster, namespace, name, step, pods, actualWeight, since, until } = row;
    const isUnderWay = step !== undefined && step.index < step.count;
    return (
      <div class="row" role="row">
        <span role="cell" class="name">
          <a href={rolloutAddress(row)}>{name}</a>
          <span class="quiet small">
            {cluster} / {namespace}
          </span>
        </span>
        <span role="cell">
          <Phase phase={row.phase} />
        </span>
        <span role="cell">{isUnderWay ? `${step.index} of ${step.count}` : ''}</span>
        <span role="cell">
          {isUnderWay && actualWeight !== undefined ? `${actualWeight} %` : ''}
        </span>
        <span role="cell">
          {pods.ready} of {pods.desired}
        </span>
        <span role="cell" class="image mono small">
          {imagesText(row)}
        </span>
        <span role="cell">
          {row.waitsFor ?? ''}
          {until !== undefined && <span class="quiet"> {left(until, now)} left</span>}
        </span>
        <span role="cell" class="nowrap">
          {since === undefined ? '' : spoken(now - since)}
        </span>
      </div>
    );
  },
  (before, after) => before.row === after.row && before.minute === after.minute,
);

/** From which version to which; of long names what tells them apart. */
function imagesText({ images, stableImages }: FleetRow): string {
  const to = images.map(short).join(', ');
  return stableImages === undefined ? to : `${stableImages.map(short).join(', ')} → ${to}`;
}

function short(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1);
}
