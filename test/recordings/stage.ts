import type { Rollout } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { applyMergePatch } from '../../lib/model/patch.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { fromTime, type Millis, secondMs } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { deliver, look } from '../../lib/reconcile.ts';
import { type VirtualClock, virtualClock } from '../../lib/simulate/clock.ts';
import { type SimulatedWorld, simulatedWorld } from '../../lib/simulate/world.ts';

/** Serin and a simulated cluster, as the peer's controller and a real one were when recorded. */
export type Stage = SimulatedWorld & { clock: VirtualClock; look: () => Promise<RolloutView> };

export const namespace = 'default';
export const name = 'web';

export function openStage(): Stage {
  // Not on a whole second, as in reality.
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z') + 370);
  const simulated = simulatedWorld({
    clock,
    seed: 1,
    doorbellMs: 20,
    clusters: { local: { bindMs: 20, readyMs: 500 } },
  });
  simulated.connect({ deliver: (message, world) => deliver(world, message) });
  const key = { cluster: 'local', namespace, name };
  return { ...simulated, clock, look: () => look(simulated.world, key) };
}

export function liveRollout({ cluster }: Stage): Rollout {
  return cluster.read.get('Rollout', namespace, name);
}

/** The manifest of a scenario: what it says over a selector and one container. */
export function manifestOf(spec: MergePatch): Rollout {
  const labels = { app: 'web' };
  const base = {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'web', image: 'web:v1' }] },
    },
  };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace },
    spec: applyMergePatch(base, spec),
  };
}

/** The image's tag, by which scenarios name ReplicaSets and pods. */
export function tagOf(image: string | undefined): string {
  return image?.split(':')[1] ?? '';
}

const stepMs = 100;
const stillMs = 2.5 * secondMs;
const timeoutMs = 60 * secondMs;
const eventsMax = 5000;

/** Lets time pass, virtually. */
export async function pass({ clock }: Stage, ms: Millis): Promise<void> {
  await clock.run({ until: clock.now() + ms, eventsMax });
}

/** Lets time pass until the conditions hold and, if asked, nothing has moved for a while. */
export async function passUntil(
  stage: Stage,
  conditions: string,
  options: { still: boolean; timeoutSeconds?: number | undefined },
): Promise<boolean> {
  const { clock } = stage;
  const startedAt = clock.now();
  const { timeoutSeconds } = options;
  const until = startedAt + (timeoutSeconds ? timeoutSeconds * secondMs : timeoutMs);
  let before = versions(stage);
  let changedAt = startedAt;
  while (clock.now() < until) {
    await pass(stage, stepMs);
    const after = versions(stage);
    if (after !== before) changedAt = clock.now();
    before = after;
    const isStill = !options.still || clock.now() - changedAt >= stillMs;
    const passedMs = clock.now() - startedAt;
    if (isStill && conditions.split(', ').every((each) => holds(stage, each, passedMs))) {
      return true;
    }
  }
  return false;
}

/** Changes whenever anything does that can be observed. */
function versions({ cluster }: Stage): string {
  const kinds = ['Rollout', 'ReplicaSet', 'Service', 'Pod'] as const;
  return kinds
    .flatMap((kind) => cluster.read.list(kind, namespace))
    .map(({ metadata }) => metadata?.resourceVersion)
    .join();
}

function holds(stage: Stage, condition: string, passedMs: Millis): boolean {
  const { metadata, status = {} } = liveRollout(stage);
  const isSeen = Number(status.observedGeneration) === metadata?.generation;
  const [word = '', value = ''] = condition.split(' ');
  switch (word) {
    case 'settled':
      return true;
    case 'seconds':
      return passedMs >= Number(value) * secondMs;
    case 'healthy':
    case 'paused':
    case 'degraded':
    case 'progressing':
      return isSeen && status.phase?.toLowerCase() === word;
    case 'step':
      return (status.currentStepIndex ?? 0) === Number(value);
    case 'aborted':
      return status.abort === true;
    case 'size':
    case 'available':
      return hasCount(stage, word, value);
    default:
      throw new Error(`a scenario waits for ${condition}, which is not known here`);
  }
}

function hasCount({ cluster }: Stage, word: 'size' | 'available', value: string): boolean {
  const [tag, count] = value.split('=');
  const set = cluster.read
    .list('ReplicaSet', namespace)
    .find(({ spec }) => tagOf(spec?.template?.spec?.containers?.[0]?.image) === tag);
  const actual = word === 'size' ? set?.spec?.replicas : (set?.status?.availableReplicas ?? 0);
  return set?.metadata?.labels?.[hashLabel] !== undefined && actual === Number(count);
}
