import type { ObjectMeta, Rollout } from '../../lib/model/argo.generated.ts';
import { applyMergePatch } from '../../lib/model/patch.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { fromTime, type Millis, secondMs } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { look } from '../../lib/reconcile/answer.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { type VirtualClock, virtualClock } from '../../lib/simulate/clock.ts';
import { type SimulatedWorld, simulatedWorld } from '../../lib/simulate/world.ts';
import { holdAll, routeKinds, type Sight, versionsOf } from './sight.ts';

/** Serin and a simulated cluster, as the peer's controller and a real one were when recorded. */
export type Stage = SimulatedWorld & { clock: VirtualClock; look: () => Promise<RolloutView> };

export const namespace = 'default';
export const name = 'web';
/** Of this playing, at the metric server. */
export const token = 't';
export const metricsUrl = `http://metrics/${token}`;

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

export function sightOf({ cluster }: Stage): Sight {
  return {
    rollout: cluster.read.find('Rollout', namespace, name),
    replicaSets: cluster.read.list('ReplicaSet', namespace),
    services: cluster.read.list('Service', namespace),
    deployments: cluster.read.list('Deployment', namespace),
    pods: cluster.read.list('Pod', namespace),
    routes: routeKinds.flatMap((kind) => cluster.read.list(kind, namespace)),
    analysisRuns: cluster.read.list('AnalysisRun', namespace),
    jobs: cluster.read.list('Job', namespace),
    experiments: cluster.read.list('Experiment', namespace),
  };
}

/** The manifest of a scenario: what it says over a selector and one container. */
export function manifestOf(spec: MergePatch, metadata: ObjectMeta = {}): Rollout {
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
    metadata: { ...metadata, name, namespace },
    spec: applyMergePatch(spec.workloadRef ? { selector: base.selector } : base, spec),
  };
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
  let before = versionsOf(sightOf(stage));
  let changedAt = startedAt;
  while (clock.now() < until) {
    await pass(stage, stepMs);
    const after = versionsOf(sightOf(stage));
    if (after !== before) changedAt = clock.now();
    before = after;
    const isStill = !options.still || clock.now() - changedAt >= stillMs;
    const passedMs = clock.now() - startedAt;
    if (isStill && holdAll(sightOf(stage), conditions, passedMs)) {
      return true;
    }
  }
  return false;
}
