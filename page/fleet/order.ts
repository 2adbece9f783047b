import type { FleetRow } from '../../lib/model/fleet.ts';

/** The three parts of the list: what waits for a person, what is under way, and the rest. */
export type Part = 'person' | 'underWay' | 'rest';

export function idOf({
  cluster,
  namespace,
  name,
}: Pick<FleetRow, 'cluster' | 'namespace' | 'name'>): string {
  return `${cluster}/${namespace}/${name}`;
}

export function partOf({ needsPerson, phase }: FleetRow): Part {
  if (needsPerson || phase === 'Degraded') return 'person';
  return phase === 'Healthy' ? 'rest' : 'underWay';
}

const parts: Part[] = ['person', 'underWay', 'rest'];
/** Within a part; the others after them. */
const phases = ['Degraded', 'Error', 'InvalidSpec', 'Paused'];

/** Who waits longest comes first; at rest by name. */
export function ordered(rows: FleetRow[]): FleetRow[] {
  return rows.toSorted(
    (a, b) =>
      parts.indexOf(partOf(a)) - parts.indexOf(partOf(b)) ||
      rank(a) - rank(b) ||
      (partOf(a) === 'rest' ? 0 : (a.since ?? 0) - (b.since ?? 0)) ||
      (idOf(a) < idOf(b) ? -1 : 1),
  );
}

function rank(row: FleetRow): number {
  if (partOf(row) !== 'person') return 0;
  const at = phases.indexOf(row.phase);
  return at < 0 ? phases.length : at;
}

/**
 * The rows in the order they were last seen in, with what is new at the end: what somebody is about to touch
 * does not move away. `moved`: how many stand elsewhere than they would.
 */
export function steady(
  rows: FleetRow[],
  before: readonly string[],
): { rows: FleetRow[]; moved: number } {
  const place = new Map(before.map((id, index) => [id, index]));
  const best = ordered(rows);
  const kept = best.toSorted(
    (a, b) => (place.get(idOf(a)) ?? before.length) - (place.get(idOf(b)) ?? before.length),
  );
  return { rows: kept, moved: kept.filter((row, index) => row !== best[index]).length };
}
