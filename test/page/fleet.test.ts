import { describe, expect, it } from 'vitest';
import type { FleetRow } from '../../lib/model/fleet.ts';
import { matches, parseFilter, withPhase } from '../../page/fleet/filter.ts';
import { idOf, ordered, steady } from '../../page/fleet/order.ts';

function row(name: string, changes: Partial<FleetRow> = {}): FleetRow {
  return {
    ...{ cluster: 'prod-eu', namespace: 'shop', name, phase: 'Healthy', message: '' },
    ...{
      strategy: 'Canary',
      revision: 1,
      pods: { desired: 1, ready: 1 },
      images: [`registry/${name}:1`],
    },
    ...{ waitsFor: null, needsPerson: false },
    ...changes,
  };
}

const rows = [
  row('at-rest'),
  row('slow', { phase: 'Progressing', since: 100 }),
  row('quick', { phase: 'Progressing', since: 900 }),
  row('timed', { phase: 'Paused', since: 50 }),
  row('waits', { phase: 'Paused', since: 500, needsPerson: true }),
  row('waits-longer', { phase: 'Paused', since: 400, needsPerson: true, cluster: 'prod-us' }),
  row('aborted', { phase: 'Degraded', since: 800 }),
];
const names = (list: FleetRow[]) => list.map(({ name }) => name);

describe('the list of all rollouts', () => {
  it('begins with what waits for a person, then the slowest', () => {
    expect(names(ordered(rows))).toEqual([
      ...['aborted', 'waits-longer', 'waits'],
      ...['timed', 'slow', 'quick', 'at-rest'],
    ]);
  });

  it('does not move a row by itself, and says how many would move', () => {
    const before = ordered(rows).map(idOf);
    const later = rows.map((each) =>
      each.name === 'slow' ? { ...each, phase: 'Degraded', since: 1000 } : each,
    );
    const { rows: shown, moved } = steady([...later, row('new', { phase: 'Degraded' })], before);
    expect(shown.map(idOf)).toEqual([...before, idOf(row('new'))]);
    expect(moved).toBeGreaterThan(0);
    expect(steady(rows, before).moved).toBe(0);
  });

  it.each([
    ['', 7],
    ['wait', 2],
    ['WAITS cluster:prod-us', 1],
    ['phase:paused', 3],
    ['is:waiting', 2],
    ['ns:shop registry/slow:1', 1],
    ['ns:other', 0],
    ['a:b', 0],
  ])('is filtered by %j', (text, count) => {
    const filter = parseFilter(text);
    expect(rows.filter((each) => matches(each, filter))).toHaveLength(count);
  });

  it('has one phase at a time in its filter', () => {
    expect(withPhase('front ns:shop', 'phase:Paused')).toBe('front ns:shop phase:Paused');
    expect(withPhase('front phase:Paused is:waiting', 'phase:Degraded')).toBe(
      'front phase:Degraded',
    );
    expect(withPhase('phase:Paused', undefined)).toBe('');
  });
});
