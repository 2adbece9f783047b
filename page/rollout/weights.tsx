import type { Rollout } from '../api/answers.ts';

/** How much goes to the canary now: asked for, and as it is. */
export function Weights({ view }: { view: Rollout }) {
  const { setWeight, actualWeight, step } = view;
  if (setWeight === undefined || actualWeight === undefined || step === undefined) return null;
  const isOver = step.index >= step.count;
  if (isOver) return null;
  return (
    <section aria-labelledby="weights">
      <h2 id="weights">Weight of the canary</h2>
      <div class="weights">
        <Meter name="asked" value={setWeight} />
        <Meter name="actual" value={actualWeight} />
      </div>
      <Routes view={view} />
    </section>
  );
}

function Meter({ name, value }: { name: string; value: number }) {
  return (
    <div class="weight">
      <span id={`weight-${name}`}>{name}</span>
      <meter class={name} min={0} max={100} value={value} aria-labelledby={`weight-${name}`} />
      <span>{value} %</span>
    </div>
  );
}

function Routes({ view: { routes = [] } }: { view: Rollout }) {
  if (routes.length === 0) return null;
  return (
    <ul class="routes small">
      {routes.map(({ router, kind, name, weights, total, verified }) => (
        <li key={`${router} ${kind} ${name}`}>
          {kind} <code>{name}</code>: canary {weights.map(({ canary }) => canary).join(' and ')} of{' '}
          {total}
          {verified !== undefined && (verified ? ', verified' : ', not verified yet')}
        </li>
      ))}
    </ul>
  );
}
