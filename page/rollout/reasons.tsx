import type { Rollout } from '../api/answers.ts';
import { spoken } from '../parts/spoken.ts';
import { At, left } from '../parts/time.tsx';

/** What it waits for, since and until when, and what would move it on. */
export function Reasons({ view, now }: { view: Rollout; now: number }) {
  const [first, ...more] = view.reasons;
  if (first === undefined) return <p class="reason">It waits for nothing but the next change.</p>;
  const { text, since, until, next, unblock } = first;
  return (
    <section class="reason" aria-label="What it waits for">
      <p>
        <strong>{sentence(text)}</strong>
        {until !== undefined && (
          <>
            {' '}
            <span class="countdown" role="timer" aria-live="off">
              {left(until, now)} left
            </span>
            <span class="quiet">
              {' '}
              (until <At at={until} now={now} />)
            </span>
          </>
        )}
      </p>
      {since !== undefined && (
        <p class="quiet">
          Since <At at={since} now={now} /> ({spoken(now - since)}).
        </p>
      )}
      {next !== undefined && (
        <p class="quiet">
          Next: {next.what} at <At at={next.at} now={now} />.
        </p>
      )}
      {unblock !== undefined && (
        <p>
          To move it on: <em>{unblock}</em>
        </p>
      )}
      {more.length > 0 && (
        <ul class="more">
          {more.map((reason) => (
            <li key={reason.text}>{sentence(reason.text)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Reasons are said within sentences elsewhere. */
function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
