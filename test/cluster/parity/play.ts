import { instanceIdLabel } from '../../../lib/model/names.ts';
import { uidOf } from '../../../lib/model/workload.ts';
import { picture } from '../../recordings/picture.ts';
import type { Observation } from '../../recordings/scenarios.ts';
import { plugin } from '../peer.ts';
import { act } from './act.ts';
import { begin } from './begin.ts';
import { type Place, passUntil, type Side, type Stage, sightOf } from './playing.ts';
import { type ParityScenario, placed } from './scenarios.ts';

export type Played = { observations: Observation[]; passed: string[] };

/** Plays a scenario on one of the controllers, in a namespace of its own. */
export async function play(
  place: Place,
  { scenario, side, namespace }: { scenario: ParityScenario; side: Side; namespace: string },
): Promise<Played> {
  const stage: Stage = { ...place, namespace, side };
  const here = { namespace, metrics: place.metrics.urlOf(namespace) };
  const { actions, ...made } = placed(scenario, { ...here, now: Date.now() });
  await begin(stage, { ...made, actions });
  const observations: Observation[] = [];
  let before = new Set<string>();
  for (const action of actions) {
    if (typeof action === 'object' && 'wait' in action) {
      const { wait, timeout } = action;
      const reached = await passUntil(stage, wait, { still: true, timeout });
      const sight = sightOf(stage);
      const tree = sight.rollout ? await treeOf(stage) : '';
      const seen = picture(sight, tree, { ...here, wait, reached, before });
      observations.push(ofNobody(stage, here.metrics, seen));
      before = new Set(sight.pods.map(uidOf));
    } else await act(stage, action);
  }
  const passed = place.watcher.passed(namespace);
  await place.plane.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  return { observations, passed };
}

/** Without what is each one's own: the namespace, the label of the instance, the address of the metrics. */
function ofNobody({ namespace, side }: Stage, metrics: string, seen: Observation): Observation {
  const text = JSON.stringify(seen)
    .replaceAll(metrics, '<metrics>')
    .replaceAll(namespace, '<ns>')
    .replaceAll(`"${instanceIdLabel}":"${side.instanceId}"`, `"${instanceIdLabel}":"<instance>"`);
  return JSON.parse(text);
}

/** What the plugin shows. Nothing moves at this point: one that is not served in time asks again. */
async function treeOf({ plane, namespace }: Stage): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const { code, out, err } = await plugin(plane, namespace, 'get rollout web --no-color');
    if (code === 0 && out.trim() !== '') return out.trimEnd();
    if (tries === 3) throw new Error(`the plugin's get ended with ${code}: ${err}`);
  }
}
