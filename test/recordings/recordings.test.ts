import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compare, type Difference } from './compare.ts';
import { type Intended, intended } from './differences.ts';
import { play } from './play.ts';
import { recording, scenarios } from './scenarios.ts';

describe('Serin does what Argo was recorded to do', () => {
  it('in every recording', () => {
    const recorded = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.json'));
    const played = scenarios().map(({ name }) => name);
    expect(played.map((name) => `${name}.json`).sort()).toEqual(recorded.sort());
    expect(played).toEqual(expect.arrayContaining(intended.map(({ scenario }) => scenario)));
  });

  it.each(scenarios())('$name', async (scenario) => {
    const found = compare(recording(scenario.name), await play(scenario));
    const meant = intended.filter((each) => each.scenario === scenario.name);
    const unmeant = found.filter((one) => !meant.some((each) => fits(each, one)));
    const gone = meant.filter((each) => !found.some((one) => fits(each, one)));
    expect(unmeant.map(described).join('\n')).toBe('');
    expect(gone).toEqual([]);
  });
});

function fits(meant: Intended, found: Difference): boolean {
  return meant.at === found.at && meant.field === found.field && meant.ours === found.ours;
}

function described({ at, field, argo, ours }: Difference): string {
  return `observation ${at}, ${field}: Argo ${argo || 'nothing'}, Serin ${ours || 'nothing'}`;
}
