import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectMeta } from '../../../lib/model/argo.generated.ts';
import { resourceNameOf } from '../../../lib/model/kinds.ts';
import { instanceIdLabel } from '../../../lib/model/names.ts';
import { uidOf } from '../../../lib/model/workload.ts';
import { picture } from '../../recordings/picture.ts';
import type { Observation } from '../../recordings/scenarios.ts';
import { holdAll, kindOf, type Sight, tagOf, versionsOf } from '../../recordings/sight.ts';
import { manifestOf } from '../../recordings/stage.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { plugin, type Ran } from '../peer.ts';
import { apply } from '../stage.ts';
import { type ParityAction, type ParityScenario, withTimes } from './scenarios.ts';
import type { Watcher } from './watcher.ts';

export type Played = { observations: Observation[]; passed: string[] };

/** One of the two controllers, and how its users type commands. */
export type Side = {
  instanceId: string;
  command: (namespace: string, line: string) => Promise<Ran>;
};

type Stage = { plane: ControlPlane; watcher: Watcher; namespace: string; side: Side };

const stillMs = 2500;
const timeoutMs = 60_000;
const lookMs = 50;
const name = 'web';

/** Plays a scenario on one of the controllers, in a namespace of its own. */
export async function play(
  plane: ControlPlane,
  watcher: Watcher,
  { scenario, side, namespace }: { scenario: ParityScenario; side: Side; namespace: string },
): Promise<Played> {
  const stage: Stage = { plane, watcher, namespace, side };
  await begin(stage, scenario);
  const observations: Observation[] = [];
  let before = new Set<string>();
  for (const action of scenario.actions) {
    if (typeof action === 'object' && 'wait' in action) {
      const { wait, timeout } = action;
      const reached = await passUntil(stage, wait, { still: true, timeout });
      const sight = sightOf(stage);
      const tree = await treeOf(plane, namespace);
      observations.push(picture(sight, tree, { wait, reached, before }));
      before = new Set(sight.pods.map(uidOf));
    } else await act(stage, action);
  }
  const passed = watcher.passed(namespace);
  await plane.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  return { observations, passed };
}

/** What the plugin shows. Nothing moves at this point: one that is not served in time asks again. */
async function treeOf(plane: ControlPlane, namespace: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const { code, out, err } = await plugin(plane, namespace, 'get rollout web --no-color');
    if (code === 0 && out.trim() !== '') return out.trimEnd();
    if (tries === 3) throw new Error(`the plugin's get ended with ${code}: ${err}`);
  }
}

/** Makes the scenario's objects, and gives the rollout to the controller. */
async function begin({ plane, namespace, side }: Stage, scenario: ParityScenario): Promise<void> {
  const { services = [], also = [], rollout, taken } = scenario;
  const manifest = manifestOf(withTimes(rollout, Date.now()));
  const labels = { [instanceIdLabel]: side.instanceId };
  const inside = (object: { metadata?: ObjectMeta }, more: ObjectMeta = {}): object => ({
    ...object,
    metadata: { ...object.metadata, namespace, ...more },
  });
  // In one go: each call of kubectl is a process.
  await apply(
    plane,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...services.map((service) => ({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: service, namespace } },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    })),
    ...also.map((object) => inside(object)),
    inside({ ...manifest, metadata: { name } }, taken ? {} : { labels }),
  );
  if (!taken) return;
  const kubectl = (...args: string[]) => plane.kubectl(['-n', namespace, ...args]);
  const uid = await kubectl('get', 'rollout', name, '-o', 'jsonpath={.metadata.uid}');
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid };
  const ownerReferences = [{ ...owner, controller: true }];
  await apply(plane, ...taken.owned.map((object) => inside(object, { ownerReferences })));
  const status = JSON.stringify({ status: taken.status });
  await kubectl('patch', 'rollout', name, '--subresource=status', '--type=merge', '-p', status);
  await kubectl('label', 'rollout', name, `${instanceIdLabel}=${side.instanceId}`);
}

function sightOf({ watcher, namespace }: Stage): Sight {
  const sight = watcher.sightOf(namespace);
  if (!sight) throw new Error(`there is no rollout in ${namespace}`);
  return sight;
}

async function passUntil(
  stage: Stage,
  conditions: string,
  { still, timeout }: { still: boolean; timeout?: number | undefined },
): Promise<boolean> {
  const startedAt = Date.now();
  const until = startedAt + (timeout === undefined ? timeoutMs : timeout * 1000);
  let before = '';
  let changedAt = startedAt;
  while (Date.now() < until) {
    await delay(lookMs);
    const sight = stage.watcher.sightOf(stage.namespace);
    if (!sight) continue;
    const after = versionsOf(sight);
    if (after !== before) changedAt = Date.now();
    before = after;
    const isStill = !still || Date.now() - changedAt >= stillMs;
    if (isStill && holdAll(sight, conditions, Date.now() - startedAt)) return true;
  }
  return false;
}

async function act(stage: Stage, action: Exclude<ParityAction, { wait: string }>): Promise<void> {
  const { plane, namespace, side } = stage;
  const kubectl = (...args: string[]) => plane.kubectl(['-n', namespace, ...args]);
  if (action === 'badImage') return setImage(stage, 'nonexistent-v9');
  if ('image' in action) return setImage(stage, action.image);
  if ('patch' in action) {
    await kubectl('patch', 'rollout', name, '--type=merge', '-p', JSON.stringify(action.patch));
  } else if ('scale' in action) {
    await kubectl('scale', 'rollout', name, `--replicas=${action.scale}`);
  } else if ('plugin' in action) {
    const [verb = '', ...rest] = action.plugin.split(' ');
    const line = [verb === 'retry' ? 'retry rollout' : verb, name, ...rest].join(' ');
    const { code, err } = await plugin(plane, namespace, line);
    if (code !== 0) throw new Error(`${action.plugin}: ${err}`);
  } else if ('patchOther' in action) {
    const { kind, name: other, body } = action.patchOther;
    await kubectl('patch', resourceOf(kind), other, '--type=merge', '-p', JSON.stringify(body));
  } else if ('apply' in action) {
    const { metadata } = action.apply;
    await apply(plane, { ...action.apply, metadata: { ...metadata, namespace } });
  } else if ('delete' in action) {
    const [kind = '', ...named] = action.delete.split(' ');
    await kubectl('delete', resourceOf(kind), ...named);
  } else if ('kubectl' in action) {
    await kubectl(...action.kubectl.split(' '));
  } else if ('command' in action) {
    const { code, out, err } = await side.command(namespace, action.command);
    if (code !== 0) throw new Error(`${action.command}: ${out}${err}`);
  } else if ('admit' in action) await admit(stage, action.admit);
  else if ('until' in action) await passUntil(stage, action.until, { still: false });
  else throw new Error(`a cluster is not asked for ${JSON.stringify(action)}`);
}

/** With its group: two of them have a VirtualService. */
function resourceOf(kind: string): string {
  return resourceNameOf(kindOf({ kind }));
}

async function setImage({ plane, namespace }: Stage, tag: string): Promise<void> {
  const { code, err } = await plugin(plane, namespace, `set image ${name} *=web:${tag}`);
  if (code !== 0) throw new Error(err);
}

/** Lets pods become ready that a readiness gate holds back. */
async function admit(
  stage: Stage,
  { image, pods: count }: { image: string; pods: 'all' | number },
): Promise<void> {
  const held = sightOf(stage).pods.filter((pod) => {
    const isMet = (type: string) =>
      pod.status?.conditions?.some((each) => each.type === type && each.status === 'True');
    const gates = pod.spec?.readinessGates ?? [];
    const isHeld = gates.some(({ conditionType }) => !isMet(conditionType));
    return isHeld && tagOf(pod.spec?.containers?.[0]?.image) === image;
  });
  for (const pod of count === 'all' ? held : held.slice(0, count)) {
    const conditions = (pod.spec?.readinessGates ?? []).map(({ conditionType: type }) => ({
      type,
      status: 'True',
    }));
    const where = ['-n', stage.namespace, 'patch', 'pod', pod.metadata?.name ?? ''];
    const patch = JSON.stringify({ status: { conditions } });
    await stage.plane.kubectl([...where, '--subresource=status', '--type=strategic', '-p', patch]);
  }
}
