import { setTimeout as delay } from 'node:timers/promises';
import { resourceNameOf } from '../../../lib/model/kinds.ts';
import { secondMs } from '../../../lib/model/units.ts';
import { kindOf, tagOf } from '../../recordings/sight.ts';
import { plugin } from '../peer.ts';
import { apply } from '../stage.ts';
import { given } from './begin.ts';
import { name, passUntil, type Stage, sightOf } from './playing.ts';
import type { ParityAction } from './scenarios.ts';

/** What somebody does to a cluster, or waits for, between two looks. */
export async function act(
  stage: Stage,
  action: Exclude<ParityAction, { wait: string }>,
): Promise<void> {
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
    await type(stage, [verb === 'retry' ? 'retry rollout' : verb, name, ...rest].join(' '));
  } else if ('patchOther' in action) {
    const { kind, name: other, body } = action.patchOther;
    await kubectl('patch', resourceOf(kind), other, '--type=merge', '-p', JSON.stringify(body));
  } else if ('apply' in action) await apply(plane, given(stage, action.apply));
  else if ('delete' in action) {
    const [kind = '', ...named] = action.delete.split(' ');
    await kubectl('delete', resourceOf(kind), ...named);
  } else if ('kubectl' in action) {
    await kubectl(...action.kubectl.split(' '));
  } else if ('command' in action) {
    const { code, out, err } = await side.command(namespace, action.command);
    if (code !== 0) throw new Error(`${action.command}: ${out}${err}`);
  } else if ('admit' in action) await admit(stage, action.admit);
  else if ('metric' in action) {
    for (const [gauge, value] of Object.entries(action.metric)) {
      stage.metrics.set(namespace, gauge, value);
    }
  } else if ('terminate' in action) await terminateAll(stage, action.terminate);
  else if ('sleep' in action) await delay(action.sleep * secondMs);
  else if ('until' in action) await passUntil(stage, action.until, { still: false });
  else throw new Error(`a cluster is not asked for ${JSON.stringify(action)}`);
}

/** A line of the plugin. */
async function type({ plane, namespace }: Stage, line: string): Promise<void> {
  const { code, err } = await plugin(plane, namespace, line);
  if (code !== 0) throw new Error(`${line}: ${err}`);
}

/** With its group: two of them have a VirtualService. */
function resourceOf(kind: string): string {
  return resourceNameOf(kindOf({ kind }));
}

async function setImage(stage: Stage, tag: string): Promise<void> {
  await type(stage, `set image ${name} *=web:${tag}`);
}

/** Every one that still goes on. */
async function terminateAll(stage: Stage, kind: 'analysisrun' | 'experiment'): Promise<void> {
  const { analysisRuns = [], experiments = [] } = sightOf(stage);
  const all = kind === 'analysisrun' ? analysisRuns : experiments;
  const going = all.filter(({ status }) =>
    ['', 'Pending', 'Running'].includes(status?.phase ?? ''),
  );
  for (const { metadata } of going) await type(stage, `terminate ${kind} ${metadata?.name}`);
}

/** Lets pods become ready that a readiness gate holds back. */
async function admit(
  stage: Stage,
  { image, pods: count }: { image: string; pods: 'all' | number },
): Promise<void> {
  const held = sightOf(stage).pods.filter((pod) => {
    const isMet = (gate: string) =>
      pod.status?.conditions?.some((each) => each.type === gate && each.status === 'True');
    const gates = pod.spec?.readinessGates ?? [];
    const isHeld = gates.some(({ conditionType }) => !isMet(conditionType));
    return isHeld && tagOf(pod.spec?.containers?.[0]?.image) === image;
  });
  for (const pod of count === 'all' ? held : held.slice(0, count)) {
    const conditions = (pod.spec?.readinessGates ?? []).map(({ conditionType }) => ({
      type: conditionType,
      status: 'True',
    }));
    const where = ['-n', stage.namespace, 'patch', 'pod', pod.metadata?.name ?? ''];
    const patch = JSON.stringify({ status: { conditions } });
    await stage.plane.kubectl([...where, '--subresource=status', '--type=strategic', '-p', patch]);
  }
}
