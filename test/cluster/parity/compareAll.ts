import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { compare, type Difference } from '../../recordings/compare.ts';
import { type Scenario, scenarios } from '../../recordings/scenarios.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { startArgo } from '../peer.ts';
import { startSerin } from '../serin.ts';
import { isIntended } from './differences.ts';
import { type Played, play } from './play.ts';
import { watchAll } from './watcher.ts';

export type Compared = { scenario: string; differences: Difference[]; unmeant: Difference[] };

/** Scenarios played at the same time: more would make both controllers slow. */
const sideBySide = 6;

/** All scenarios, or those that are named. */
function parityScenarios(names: string[] = []): Scenario[] {
  const text = readFileSync(new URL('scenarios.yaml', import.meta.url), 'utf8');
  const own = parseAllDocuments(text).map((document) => document.toJS() as Scenario);
  return [...scenarios(), ...own].filter(({ name }) => names.length === 0 || names.includes(name));
}

/**
 * Plays each scenario on Argo's controller and on Serin, on the same control plane, and compares what
 * a user can see at each of its waits, and the phases and steps passed in between.
 */
export async function compareAll(
  plane: ControlPlane,
  names: string[],
  tell: (compared: Compared) => void,
): Promise<Compared[]> {
  const argo = await startArgo(plane, { instanceId: 'argo', raisedLimits: true });
  const serin = await startSerin(plane, { instanceId: 'serin' });
  const watcher = await watchAll(plane);
  const left = parityScenarios(names);
  const done: Compared[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const compared = await compareOne(plane, watcher, next).catch((error: unknown) => {
        const failed = { at: -1, field: 'failed', argo: '', ours: String(error) };
        return { scenario: next?.name ?? '', differences: [failed], unmeant: [failed] };
      });
      done.push(compared);
      tell(compared);
    }
  };
  try {
    await Promise.all(Array.from({ length: sideBySide }, work));
  } finally {
    watcher.stop();
    await serin.stop();
    await argo.stop();
  }
  return done;
}

async function compareOne(
  plane: ControlPlane,
  watcher: Parameters<typeof play>[1],
  scenario: Scenario,
): Promise<Compared> {
  const [theirs, ours] = await Promise.all(
    ['argo', 'serin'].map((instanceId) => play(plane, watcher, { scenario, instanceId })),
  );
  const differences = [...differ(theirs, ours), ...onTheWay(theirs, ours)];
  const unmeant = differences.filter((each) => !isIntended(scenario.name, each));
  return { scenario: scenario.name, differences, unmeant };
}

function differ(theirs: Played | undefined, ours: Played | undefined): Difference[] {
  return compare(theirs?.observations ?? [], ours?.observations ?? []);
}

function onTheWay(theirs: Played | undefined, ours: Played | undefined): Difference[] {
  const argo = theirs?.passed.join(', ') ?? '';
  const serin = ours?.passed.join(', ') ?? '';
  return argo === serin ? [] : [{ at: -1, field: 'passed', argo, ours: serin }];
}
