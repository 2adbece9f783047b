import type { ReplicaSet, RolloutSpec, RolloutStatus } from '../../lib/model/argo.generated.ts';
import type { Command } from '../../lib/model/intent.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { imagesOf } from '../../lib/model/workload.ts';
import type { LoadBalancerTimes } from '../../lib/simulate/traffic/controller.ts';
import { perform } from '../faults/acts.ts';
import { type Deed, templateOf } from '../faults/scenario.ts';
import { key, manifest, openStage, type Stage } from '../faults/stage.ts';

/** Serin on a simulated cluster where nothing goes wrong but what a test makes go wrong. */
export type Release = Stage & {
  pass: (spanMs: number) => Promise<void>;
  /** What somebody does, and time enough for what follows at once. */
  after: (deed: Deed, spanMs?: number) => Promise<void>;
  image: (image: string, spanMs?: number) => Promise<void>;
  command: (command: Command, spanMs?: number) => Promise<void>;
  status: () => RolloutStatus;
  /** Phase, and step reached of how many. */
  where: () => string;
  /** Desired pods by image, of the ReplicaSets that have any. */
  sizes: () => Record<string, number>;
  setOf: (image: string) => ReplicaSet | undefined;
  ledger: () => Promise<LedgerEntry[]>;
};

export type ReleaseOptions = {
  doorbell?: boolean;
  instanceId?: string;
  isEmpty?: boolean;
  loadBalancers?: Partial<LoadBalancerTimes>;
};

const soonMs = 5000;

/** With a rollout of `web:v1` that is healthy, unless it is to be empty. */
export async function openRelease(
  spec: RolloutSpec,
  { doorbell = true, instanceId = '', isEmpty = false, loadBalancers }: ReleaseOptions = {},
): Promise<Release> {
  const stage = openStage(
    {
      seed: 1,
      doorbell,
      spec: {
        replicas: 4,
        selector: { matchLabels: { app: 'web' } },
        template: templateOf('web:v1'),
        ...spec,
      },
      ...(loadBalancers && { loadBalancers }),
      pods: { bindMs: 20, readyMs: 500, jitterMs: 0, terminationMs: 100 },
      profile: 'none',
      rates: {},
      indexLagMs: 0,
      acts: [],
      stormMs: 0,
    },
    instanceId,
  );
  // Not even latency.
  stage.faults.calm();
  const release = withHelpers(stage);
  if (!isEmpty) stage.cluster.apply('Rollout', manifest(stage.scenario));
  await release.pass(10_000);
  return release;
}

function withHelpers(stage: Stage): Release {
  const { clock, dog, simulated } = stage;
  const status = (): RolloutStatus => dog.live()?.status ?? {};
  const pass = async (spanMs: number): Promise<void> => {
    await clock.run({ until: clock.now() + spanMs, eventsMax: 100_000 });
  };
  const after = async (deed: Deed, spanMs = soonMs): Promise<void> => {
    const done = perform(stage, deed);
    await pass(spanMs);
    await done;
  };
  const image = (set: ReplicaSet): string => imagesOf(set.spec?.template)[0] ?? '';
  return {
    ...stage,
    ...{ pass, after, status },
    image: (wanted, spanMs) => after({ do: 'image', image: wanted }, spanMs),
    command: (command, spanMs) => after({ do: 'api', command, dies: false, fresh: true }, spanMs),
    where: () => {
      const steps = dog.live()?.spec?.strategy?.canary?.steps ?? [];
      const { phase, currentStepIndex = 0 } = status();
      return `${phase} ${currentStepIndex}/${steps.length}`;
    },
    sizes: () =>
      Object.fromEntries(
        dog
          .sets()
          .filter((set) => (set.spec?.replicas ?? 1) > 0)
          .map((set) => [image(set), set.spec?.replicas ?? 1]),
      ),
    setOf: (wanted) => dog.sets().find((set) => image(set) === wanted),
    ledger: async () => (await simulated.world.store.ledger(key, { limit: 200 })).items.reverse(),
  };
}
