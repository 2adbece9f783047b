import { compare, type Difference } from '../../recordings/compare.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { plugin, startArgo } from '../peer.ts';
import { startSerin } from '../serin.ts';
import { unmeantOf } from './differences.ts';
import { serveMetrics } from './metrics.ts';
import { type Played, play } from './play.ts';
import type { Place, Side } from './playing.ts';
import type { ParityScenario } from './scenarios.ts';
import { watchAll } from './watcher.ts';

export type Compared = {
  scenario: string;
  differences: Difference[];
  unmeant: Difference[];
  /**
   * What was unmeant the first time, after which Argo was played once more: much of what it does is chance,
   * such as whether it looks once more after the last pod went, or whether it takes a ReplicaSet of its own
   * that its cache does not show yet for another's (argo v1.10.1 rollout/sync.go createDesiredReplicaSet).
   * Serin has to do what Argo does at times, and is not played again.
   */
  before: Difference[];
};

type Sides = { argo: Side; serin: Side };

/** Scenarios played at the same time: more would make both controllers slow. */
const concurrency = 6;

/**
 * Plays each scenario on Argo's controller and on Serin, on the same control plane, and compares what
 * a user can see at each of its waits, and the phases and steps passed in between.
 */
export async function compareAll(
  plane: ControlPlane,
  scenarios: ParityScenario[],
  tell: (compared: Compared) => void,
): Promise<Compared[]> {
  const argo = await startArgo(plane, { instanceId: 'argo', raisedLimits: true });
  const serin = await startSerin(plane, { instanceId: 'serin' });
  const place: Place = {
    plane,
    watcher: await watchAll(plane),
    metrics: await serveMetrics(),
  };
  const sides: Sides = {
    argo: { instanceId: 'argo', command: (namespace, line) => plugin(plane, namespace, line) },
    serin: {
      instanceId: 'serin',
      command: (namespace, line) => serin.cli(`${line} -n ${namespace}`),
    },
  };
  // The long ones first: none is left over at the end that all wait for.
  const left = scenarios.toSorted((a, b) => secondsOf(b) - secondsOf(a));
  const done: Compared[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const compared = await compareOne(place, sides, next).catch((error: unknown) => {
        const failed = { at: -1, field: 'failed', argo: '', ours: String(error) };
        return {
          scenario: next?.name ?? '',
          differences: [failed],
          unmeant: [failed],
          before: [],
        };
      });
      done.push(compared);
      tell(compared);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    place.watcher.stop();
    await place.metrics.stop();
    await serin.stop();
    await argo.stop();
  }
  return done;
}

async function compareOne(
  place: Place,
  { argo, serin }: Sides,
  scenario: ParityScenario,
): Promise<Compared> {
  const on = (side: Side, namespace = `${scenario.name}-${side.instanceId}`) =>
    play(place, { scenario, side, namespace });
  const [first, ours] = await Promise.all([on(argo), on(serin)]);
  const judged = (theirs: Played): Pick<Compared, 'differences' | 'unmeant'> => {
    const differences = [...differ(theirs, ours), ...onTheWay(theirs, ours)];
    return { differences, unmeant: unmeantOf(scenario.name, differences) };
  };
  const once = judged(first);
  if (once.unmeant.length === 0) return { scenario: scenario.name, ...once, before: [] };
  const twice = judged(await on(argo, `${scenario.name}-argo-again`));
  return { scenario: scenario.name, ...twice, before: once.unmeant };
}

/** About how long it takes. */
function secondsOf({ actions }: ParityScenario): number {
  const named = actions.map((action) =>
    Number(/seconds (\d+)/.exec(JSON.stringify(action))?.[1] ?? 0),
  );
  return named.reduce((sum, seconds) => sum + seconds, 3 * actions.length);
}

function differ(theirs: Played, ours: Played): Difference[] {
  return compare(theirs.observations, ours.observations);
}

function onTheWay(theirs: Played, ours: Played): Difference[] {
  const argo = theirs.passed.join(', ');
  const serin = ours.passed.join(', ');
  return argo === serin ? [] : [{ at: -1, field: 'passed', argo, ours: serin }];
}
