import { useTitle } from '../parts/title.ts';

export function FleetScreen({ filter }: { filter: string }) {
  useTitle(filter);
  return (
    <main id="main">
      <h1>Serin</h1>
      <p>
        A rollout is at <code>/c/CLUSTER/n/NAMESPACE/r/NAME</code>; <code>serin open NAME</code>{' '}
        opens it.
      </p>
    </main>
  );
}
