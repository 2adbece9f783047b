import './fleet.css';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Fleet, FleetRow } from '../../lib/model/fleet.ts';
import { fleetAddress } from '../addresses.ts';
import { type Polled, usePoll } from '../api/usePoll.ts';
import { useKeys } from '../parts/keys.ts';
import { Live, Stale } from '../parts/live.tsx';
import { useTitle } from '../parts/title.ts';
import { Waiting } from '../parts/waiting.tsx';
import { Who } from '../parts/who.tsx';
import { go } from '../router.ts';
import { Counts } from './counts.tsx';
import { isEmpty, matches, parseFilter } from './filter.ts';
import { Notices } from './notices.tsx';
import { idOf, ordered, partOf, steady } from './order.ts';
import { Rows } from './rows.tsx';

const rowsMax = 5000;
const path = `/v1/rollouts?limit=${rowsMax}`;
const busyPaceMs = 5000;
const restPaceMs = 30_000;

/** All rollouts that somebody may read, in one list. */
export function FleetScreen({ filter }: { filter: string }) {
  const poll = usePoll<Fleet>(path, paceOf);
  const search = useRef<HTMLInputElement>(null);
  const fleet = poll.value;
  useTitle(filter);
  useKeys({ '/': () => search.current?.focus(), j: () => moveBy(1), k: () => moveBy(-1) });
  return (
    <main id="main">
      <header class="where">
        <h1>Serin</h1>
        <Live poll={poll} />
        <Who />
      </header>
      <Stale poll={poll} wake={poll.wake} />
      <div class="field">
        <label for="filter">Filter</label>
        <input
          ref={search}
          id="filter"
          type="search"
          value={filter}
          autocomplete="off"
          spellcheck={false}
          placeholder="name ns:shop cluster:prod phase:Paused"
          onInput={({ currentTarget }) => go(fleetAddress(currentTarget.value), { replace: true })}
        />
      </div>
      {fleet === undefined ? (
        <Waiting what="the rollouts" poll={poll} wake={poll.wake} />
      ) : (
        <Shown fleet={fleet} filter={filter} poll={poll} />
      )}
    </main>
  );
}

function paceOf(fleet: Fleet | undefined): number {
  const isBusy = fleet?.items.some((row) => partOf(row) !== 'rest') ?? true;
  return isBusy ? busyPaceMs : restPaceMs;
}

type Props = { fleet: Fleet; filter: string; poll: Polled<Fleet> };

function Shown({ fleet, filter }: Props) {
  const { rows, moved, sort } = useSteady(fleet.items);
  const wanted = parseFilter(filter);
  const found = rows.filter((row) => matches(row, wanted));
  const isAll = isEmpty(wanted);
  const first = isAll ? found.filter((row) => partOf(row) !== 'rest') : found;
  const rest = isAll ? found.filter((row) => partOf(row) === 'rest') : [];
  const clusters = new Set(rest.map(({ cluster }) => cluster)).size;
  return (
    <>
      <Notices fleet={fleet} />
      <Counts rows={fleet.items} filter={filter} />
      {moved > 0 && (
        <p>
          <button type="button" onClick={sort}>
            {moved} changed: sort
          </button>
        </p>
      )}
      {first.length > 0 && <Rows rows={first} name="Rollouts" />}
      {rest.length > 0 && (
        <details class="rest" open={first.length === 0}>
          <summary>
            {rest.length} healthy in {clusters} {clusters === 1 ? 'cluster' : 'clusters'}
          </summary>
          <Rows rows={rest} name="Healthy rollouts" />
        </details>
      )}
      {found.length === 0 && <Nothing count={rows.length} />}
    </>
  );
}

function Nothing({ count }: { count: number }) {
  return (
    <div class="empty">
      {count === 0 ? (
        <p>
          There is no rollout here that you may read. Serin serves the rollouts of clusters that
          were added with <code>serin cluster add</code>, or those of <code>serin run</code>.
        </p>
      ) : (
        <p>
          None of the {count} rollouts fits this filter. <a href={fleetAddress()}>Show all</a>
        </p>
      )}
    </div>
  );
}

/** Rows stay where they are until somebody sorts them anew. */
function useSteady(items: FleetRow[]) {
  const [before, setBefore] = useState(() => ordered(items).map(idOf));
  const { rows, moved } = useMemo(() => steady(items, before), [items, before]);
  return { rows, moved, sort: () => setBefore(ordered(items).map(idOf)) };
}

function moveBy(step: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.rows a')].filter(
    (link) => link.offsetParent !== null,
  );
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}
