import type { Experiment, ExperimentSpec, TemplateSpec } from '../../lib/model/argo.generated.ts';
import { fromTime, type Millis } from '../../lib/model/units.ts';
import { deliverBatch } from '../../lib/queue/batch.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import { controllers } from '../../lib/reconcile/controllers.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { QueueMessage, World } from '../../lib/world.ts';
import { notOurs } from './notOurs.ts';

controllers.AnalysisRun = notOurs;

export const namespace = 'shop';

/** Messages go through the queue as text. */
async function handle(message: QueueMessage, world: World): Promise<void> {
  const record = { messageId: '1', body: JSON.stringify(message) };
  const { batchItemFailures } = await deliverBatch(world, [record], (each) => deliver(world, each));
  if (batchItemFailures.length > 0) throw new Error('a message is to come again');
}

/** Serin on a simulated cluster with an Experiment of nobody. */
export function experimentStage() {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const simulated = simulatedWorld({ clock, seed: 1 });
  const { cluster, connect } = simulated;
  connect({ deliver: handle, sweep: async (each) => void (await sweep(each)) });
  const read = (name: string): Experiment => cluster.read.get('Experiment', namespace, name);
  return {
    ...simulated,
    clock,
    pass: (ms: Millis) => clock.run({ until: clock.now() + ms, eventsMax: 50_000 }),
    apply: (name: string, spec: ExperimentSpec) => {
      const metadata = { name, namespace };
      cluster.apply('Experiment', {
        ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment', metadata, spec },
      });
    },
    read,
    status: (name: string) => read(name).status ?? {},
    /** Desired and available pods by ReplicaSet. */
    sizes: () =>
      Object.fromEntries(
        cluster.read
          .list('ReplicaSet', namespace)
          .map(({ metadata, spec, status }) => [
            metadata?.name,
            `${spec?.replicas}/${status?.availableReplicas ?? 0}`,
          ]),
      ),
    services: () => cluster.read.list('Service', namespace).map(({ metadata }) => metadata?.name),
    events: () =>
      cluster.read.list('Event', namespace).map(({ reason, message }) => `${reason}: ${message}`),
  };
}

export function templateOf(
  name: string,
  {
    image = 'web:v1',
    ports = [],
    ...over
  }: Partial<TemplateSpec> & {
    image?: string;
    ports?: number[];
  } = {},
): TemplateSpec {
  return {
    ...{ name, selector: { matchLabels: { app: name } } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          { name: 'c', image, ports: ports.map((containerPort) => ({ containerPort })) },
        ],
      },
    },
    ...over,
  };
}
