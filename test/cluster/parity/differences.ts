import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Difference } from '../../recordings/compare.ts';

/** Where Serin is meant to be another than Argo, and what says why: see differences.yaml. */
type Intended = {
  scenario: string;
  why: string;
  /** Argo's is so at times only: a race within it, or the order of a Go map, decides. */
  chance?: true;
  at: { [waits: string]: { [field: string]: [argo: unknown, ours: unknown] } };
};

const intended: Intended[] = parse(
  readFileSync(new URL('differences.yaml', import.meta.url), 'utf8'),
);

/**
 * What is not meant of what was found. The plugin's tree shows once more what the other fields say: where one
 * of them is meant to differ the tree may. What is listed as meant and not found is no longer true.
 */
export function unmeantOf(scenario: string, found: Difference[]): Difference[] {
  const listed = meantIn(scenario);
  const met = new Set<Difference>();
  const others = found.filter((each) => {
    const meant = listed.filter((one) => covers(one, each));
    for (const one of meant) met.add(one);
    return meant.length === 0;
  });
  const waits = new Set([...met].map(({ at }) => at));
  const unmeant = others.filter(({ at, field }) => !(field.startsWith('get.') && waits.has(at)));
  const gone = listed
    .filter((one) => !met.has(one) && !one.chance)
    .map(({ at, argo, ours, field }) => ({
      at,
      argo,
      ours,
      field: `${field}, which is listed but not so`,
    }));
  return [...unmeant, ...gone];
}

type Meant = Difference & { chance: boolean };

function meantIn(scenario: string): Meant[] {
  return intended
    .filter((each) => isLike(each.scenario, scenario, '.*'))
    .flatMap(({ at, chance = false }) =>
      Object.entries(at).map(([waits, fields]) => ({ waits, fields, chance })),
    )
    .flatMap(({ waits, ...row }) => waits.split(', ').map((wait) => ({ wait, ...row })))
    .flatMap(({ wait, fields, chance }) =>
      Object.entries(fields).map(([field, [argo, ours]]) => ({
        chance,
        at: wait === 'way' ? -1 : wait === '*' ? anyWait : Number(wait),
        field,
        argo: String(argo),
        ours: String(ours),
      })),
    );
}

const anyWait = Number.POSITIVE_INFINITY;

/** Whether it is the name, or one with stars that stand for what the name has in their places. */
function isLike(pattern: string, name: string, star: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const parts = pattern.split('*').map((part) => part.replace(/[^\w-]/g, '\\$&'));
  return new RegExp(`^${parts.join(star)}$`).test(name);
}

function covers(meant: Difference, found: Difference): boolean {
  if (meant.at !== anyWait && meant.at !== found.at) return false;
  if (isLike(meant.field, found.field, '[^.]+')) {
    const pattern = meant.argo.match(/^\/(.+)\/$/)?.[1];
    const isTheirs =
      pattern === undefined ? meant.argo === found.argo : new RegExp(pattern).test(found.argo);
    return isTheirs && meant.ours === found.ours;
  }
  if (!found.field.startsWith(`${meant.field}.`)) return false;
  return meant.argo === '' ? found.argo === '' : meant.ours === '' && found.ours === '';
}
