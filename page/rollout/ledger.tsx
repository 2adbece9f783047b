import { useEffect, useState } from 'preact/hooks';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { rolloutPath } from '../addresses.ts';
import type { Ledger as Page, Rollout } from '../api/answers.ts';
import { ask } from '../api/client.ts';
import { spoken } from '../parts/spoken.ts';
import { At } from '../parts/time.tsx';

const shortCount = 5;
const longCount = 100;
/** An entry is written a moment after what it tells of is seen. */
const settleMs = 800;

type Props = { view: Rollout; now: number };

/** Who did what, newest first. */
export function Ledger({ view, now }: Props) {
  const [limit, setLimit] = useState(shortCount);
  const { page, failed } = useLedger(view, limit);
  const entries = page?.items ?? [];
  return (
    <section aria-labelledby="ledger">
      <h2 id="ledger">Ledger</h2>
      {failed !== undefined && <p class="quiet">It cannot be read: {failed}</p>}
      <ol class="ledger">
        {entries.map((entry) => (
          <Entry key={`${entry.kind} ${entry.at} ${entry.text}`} entry={entry} now={now} />
        ))}
      </ol>
      {page?.cursor !== undefined && limit === shortCount && (
        <button type="button" onClick={() => setLimit(longCount)}>
          Older entries
        </button>
      )}
    </section>
  );
}

function Entry({ entry: { at, actor, text, reason }, now }: { entry: LedgerEntry; now: number }) {
  return (
    <li>
      <span class="quiet nowrap">
        <At at={at} now={now} /> ({spoken(now - at)} ago)
      </span>
      <span>
        {actor.name !== 'serin' && (
          <>
            <strong>{actor.name}</strong> <span class="quiet">({actor.proof})</span>:{' '}
          </>
        )}
        {text}
        {reason !== undefined && <q>{reason}</q>}
      </span>
    </li>
  );
}

/** Read when something has changed: most looks find nothing new. */
function useLedger(view: Rollout, limit: number): { page?: Page; failed?: string } {
  const [state, setState] = useState<{ page?: Page; failed?: string }>({});
  const { resourceVersion, phase, uid } = view;
  const path = `${rolloutPath(view)}/history?limit=${limit}`;
  useEffect(() => {
    const end = new AbortController();
    const read = () =>
      ask<Page>(path, { signal: end.signal }).then(
        ({ body }) => body !== undefined && setState({ page: body }),
        (error: Error) =>
          end.signal.aborted || setState((before) => ({ ...before, failed: error.message })),
      );
    void read();
    const timer = setTimeout(() => void read(), settleMs);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [path, uid, resourceVersion, phase]);
  return state;
}
