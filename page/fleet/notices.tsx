import type { Fleet } from '../../lib/model/fleet.ts';
import { spoken } from '../parts/spoken.ts';
import { At, useNow } from '../parts/time.tsx';

/** What is not seen: it comes before all that is. */
export function Notices({
  fleet: { unreachable = [], unreadable = [], items, cursor },
}: {
  fleet: Fleet;
}) {
  const now = useNow();
  return (
    <>
      {unreachable.map(({ cluster, since, said }) => (
        <div key={cluster} class="strip" role="alert">
          <p>
            {cluster} is not seen since <At at={since} now={now} /> ({spoken(now - since)}): {said}.{' '}
            {items.filter((row) => row.cluster === cluster).length} rollouts there are as of then.
          </p>
        </div>
      ))}
      {unreadable.length > 0 && (
        <details class="strip">
          <summary>{unreadable.length} rollouts have records that cannot be read</summary>
          <ul>
            {unreadable.map(({ cluster, namespace, name, reason }) => (
              <li key={`${cluster}/${namespace}/${name}`}>
                {cluster} / {namespace} / {name}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
      {cursor !== undefined && (
        <div class="strip">
          <p>
            There are more rollouts than the {items.length} shown here. Look for the others by their
            address.
          </p>
        </div>
      )}
    </>
  );
}
