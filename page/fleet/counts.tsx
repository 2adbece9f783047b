import type { ComponentChildren } from 'preact';
import type { FleetRow } from '../../lib/model/fleet.ts';
import { phaseSigns } from '../../lib/view/words.ts';
import { fleetAddress } from '../addresses.ts';
import { Sign } from '../parts/sign.tsx';
import { parseFilter, withPhase } from './filter.ts';

const phases = ['Degraded', 'Progressing', 'Paused', 'Healthy'];

/** How many there are of each phase; each a filter. */
export function Counts({ rows, filter }: { rows: FleetRow[]; filter: string }) {
  const { phase, person } = parseFilter(filter);
  const count = (is: (row: FleetRow) => boolean) => rows.filter(is).length;
  const others = [...new Set(rows.map((row) => row.phase))].filter(
    (each) => !phases.includes(each),
  );
  return (
    <nav class="counts" aria-label="Rollouts by phase">
      <Count filter={withPhase(filter, undefined)} isOn={phase === undefined && !person}>
        All {rows.length}
      </Count>
      <Count filter={withPhase(filter, 'is:waiting')} isOn={person === true}>
        Needs a person {count(({ needsPerson }) => needsPerson)}
      </Count>
      {[...phases, ...others].map((each) => (
        <Count
          key={each}
          filter={withPhase(filter, `phase:${each}`)}
          isOn={phase === each.toLowerCase()}
        >
          <Sign name={phaseSigns[each]} /> {each} {count((row) => row.phase === each)}
        </Count>
      ))}
    </nav>
  );
}

type Props = { filter: string; isOn: boolean; children: ComponentChildren };

function Count({ filter, isOn, children }: Props) {
  return (
    <a href={fleetAddress(filter)} aria-current={isOn ? 'true' : undefined}>
      {children}
    </a>
  );
}
