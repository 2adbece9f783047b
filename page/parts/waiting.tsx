import { useEffect, useState } from 'preact/hooks';
import type { PollState } from '../api/poll.ts';

const quietMs = 200;
const slowMs = 10_000;

/** Before there is anything to show: nothing at first, then the shape of it, then what is slow. */
export function Waiting({
  what,
  poll,
  wake,
}: {
  what: string;
  poll: PollState<unknown>;
  wake: () => void;
}) {
  const [stage, setStage] = useState(0);
  useEffect(() => {
    const timers = [setTimeout(() => setStage(1), quietMs), setTimeout(() => setStage(2), slowMs)];
    return () => timers.forEach(clearTimeout);
  }, []);
  const { failure } = poll;
  if (failure !== undefined) return <Problem what={what} failure={failure} wake={wake} />;
  if (stage === 0) return null;
  return (
    <div class="bars" role="status" aria-label={`Waiting for ${what}`}>
      <span />
      <span />
      <span />
      {stage === 2 && (
        <p>
          Serin has not answered for 10 seconds about {what}.{' '}
          <button type="button" onClick={wake}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

function Problem({
  what,
  failure,
  wake,
}: {
  what: string;
  failure: NonNullable<PollState<unknown>['failure']>;
  wake: () => void;
}) {
  return (
    <div class="empty" role="alert">
      <p>
        {failure.status === 403 ? 'Not for you: ' : ''}
        {failure.message}
      </p>
      {failure.status === 0 && <p>It will be tried again by itself.</p>}
      <p>
        <button type="button" onClick={wake}>
          Ask again for {what}
        </button>
      </p>
    </div>
  );
}
