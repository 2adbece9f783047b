import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PodTemplate, Service } from '../../lib/model/argo.generated.ts';
import type { Controller } from '../../lib/model/controller.ts';
import type { Key } from '../../lib/model/key.ts';
import { type AnyPlan, refOf, type Write } from '../../lib/model/plan.ts';
import { okOf } from '../../lib/model/reads.ts';
import type { Envelope } from '../../lib/model/record.ts';
import { fromTime, type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { deliverBatch } from '../../lib/queue/batch.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import { controllers } from '../../lib/reconcile/controllers.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { QueueMessage, World } from '../../lib/world.ts';
import { namespace, rollout } from '../simulate/manifests.ts';

// A controller of another kind, and what the turn does with it: it rings a PodTemplate's bell every twenty
// minutes, and counts. Its Service says who rings, until the template is deleted.

const key = { cluster: 'local', kind: 'PodTemplate', namespace, name: 'web' } satisfies Key;
const rolloutKey = { cluster: 'local', namespace, name: 'web' };
const everyMs = 20 * minuteMs;

type Rings = { rings?: number; lastAt?: Millis };
type Seen = { template: PodTemplate; service: Service | undefined; record: Rings };

const ringer: Controller<'PodTemplate', Seen, AnyPlan, Rings> = {
  needs: ({ key: { name } }) => [
    { read: { object: { kind: 'Service', namespace, name } }, bears: 'none' },
  ],
  observed: ({ object, key: { name }, record = {} }, answers) => {
    const service = okOf(answers.object({ kind: 'Service', namespace, name }));
    return { observed: { template: object, service, record } };
  },
  decide: ({ template, service, record }, now) => {
    const rings = Number(template.metadata?.annotations?.rings ?? 0);
    const dueAt = (record.lastAt ?? Number.NEGATIVE_INFINITY) + everyMs;
    const isDue = now >= dueAt;
    const patch = { metadata: { annotations: { rings: String(rings + 1) } } };
    const ring: Write = {
      phase: 'status',
      do: 'patch',
      ref: refOf('PodTemplate', template),
      patch,
    };
    const message = `Rang for the ${rings + 1}. time.`;
    return {
      writes: isDue ? [ring, ...(service ? markOf(service, 'ringer') : [])] : [],
      events: isDue ? [{ type: 'Normal', reason: 'Rang', message }] : [],
      ...{ status: {}, reasons: [], intents: [], urgent: false },
      wake: { at: isDue ? now + everyMs : dueAt, why: 'the next ring' },
    };
  },
  memory: ({ rings = 0, lastAt }, { plan, now }) => {
    const isDue = plan.writes.length > 0;
    const before = lastAt === undefined ? {} : { lastAt };
    return {
      memory: { rings: isDue ? rings + 1 : rings, ...(isDue ? { lastAt: now } : before) },
      told: [],
      managed: [{ kind: 'Service', namespace, name: 'web' }],
    };
  },
  view: ({ template }) => ({ rings: template.metadata?.annotations?.rings ?? '0' }),
  statusText: (status) => JSON.stringify(status),
  cleanupNeeds: ({ managed = [] }) =>
    managed.map((object) => ({ read: { object }, bears: 'none' })),
  cleanup: ({ managed = [] }, answers) =>
    managed.flatMap((ref) => {
      const found = okOf(answers.object(ref));
      return found ? markOf(found as Service, null) : [];
    }),
};

function markOf(service: Service, ringer: string | null): Write[] {
  const patch = { metadata: { annotations: { ringer } } };
  return [{ phase: 'prune', do: 'patch', ref: refOf('Service', service), patch }];
}

beforeAll(() => {
  controllers.PodTemplate = ringer;
});
afterAll(() => {
  delete controllers.PodTemplate;
});

/** Messages go through the queue as text. */
async function handle(message: QueueMessage, world: World): Promise<void> {
  const record = { messageId: '1', body: JSON.stringify(message) };
  const { batchItemFailures } = await deliverBatch(world, [record], (each) => deliver(world, each));
  if (batchItemFailures.length > 0) throw new Error('a message is to come again');
}

async function stage() {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const counted = new Set<string>();
  const logged: object[] = [];
  const simulated = simulatedWorld({
    ...{ clock, seed: 1 },
    count: (name) => counted.add(name),
    log: (_level, message, fields) => logged.push({ message, ...fields }),
  });
  const { world, cluster, connect } = simulated;
  connect({ deliver: handle, sweep: async (each) => void (await sweep(each)) });
  const metadata = { name: 'web', namespace };
  cluster.apply('PodTemplate', { apiVersion: 'v1', kind: 'PodTemplate', metadata });
  cluster.apply('Service', { apiVersion: 'v1', kind: 'Service', metadata });
  const pass = (ms: Millis) => clock.run({ until: clock.now() + ms, eventsMax: 20_000 });
  const wake = async () => {
    await world.wakes.send({ key }, 0);
    await pass(secondMs);
  };
  const annotations = (kind: 'PodTemplate' | 'Service') =>
    cluster.read.get(kind, namespace, 'web').metadata?.annotations ?? {};
  const stored = () => world.store.load<Key>(key) as Promise<(Envelope & Rings) | undefined>;
  return { ...simulated, clock, counted, logged, pass, wake, annotations, stored };
}

describe('a controller of another kind', () => {
  it('is woken by its key, writes to its object, and tells of it', async () => {
    const { wake, annotations, stored, cluster, counted, logged, failures } = await stage();
    await wake();
    expect(annotations('PodTemplate')).toEqual({ rings: '1' });
    expect(annotations('Service')).toEqual({ ringer: 'ringer' });
    expect(await stored()).toMatchObject({ key, rings: 1, view: { rings: '1' } });
    const [event] = cluster.read.list('Event', namespace);
    expect(event).toMatchObject({
      reason: 'Rang',
      involvedObject: { apiVersion: 'v1', kind: 'PodTemplate', name: 'web' },
    });
    expect(counted).toContain('pod_template_reconcile');
    expect(logged).toContainEqual(expect.objectContaining({ kind: 'PodTemplate', name: 'web' }));
    expect(failures).toEqual([]);
  });

  it('is woken by the due index, also beyond what the queue can delay', async () => {
    const { wake, pass, annotations, stored, clock } = await stage();
    await wake();
    const { dueAt = 0 } = (await stored()) ?? {};
    expect(dueAt - clock.now()).toBeGreaterThan(19 * minuteMs);
    await pass(19 * minuteMs);
    expect(annotations('PodTemplate')).toEqual({ rings: '1' });
    await pass(2 * minuteMs);
    expect(annotations('PodTemplate')).toEqual({ rings: '2' });
    expect(await stored()).toMatchObject({ rings: 2 });
  });

  it('is forgotten when its object is deleted, and what it did is undone', async () => {
    const { wake, annotations, stored, cluster } = await stage();
    await wake();
    cluster.deleteObject('PodTemplate', namespace, 'web');
    await wake();
    expect(await stored()).toBeUndefined();
    expect(annotations('Service')).toEqual({});
  });

  it('is not mixed up with a rollout of the same name', async () => {
    const { wake, pass, stored, cluster, world, annotations } = await stage();
    cluster.apply('Rollout', rollout());
    await world.wakes.send({ key: rolloutKey }, 0);
    await wake();
    await pass(10 * secondMs);
    expect(await world.store.load(rolloutKey)).toMatchObject({ progress: { phase: 'Healthy' } });
    const { items } = await world.store.list('local', { limit: 10 });
    expect(items.map((each) => each.key)).toEqual([rolloutKey]);

    await world.wakes.send({ list: 'local' }, 0);
    await pass(minuteMs);
    expect(await stored()).toMatchObject({ rings: 1 });

    cluster.deleteObject('Rollout', namespace, 'web');
    await pass(minuteMs);
    expect(await world.store.load(rolloutKey)).toBeUndefined();
    expect(await stored()).toMatchObject({ rings: 1 });
    expect(annotations('Service')).toMatchObject({ ringer: 'ringer' });
  });
});

describe('a kind without a controller', () => {
  it('is logged and dropped', async () => {
    const { world, pass, logged, deadLetters } = await stage();
    await world.wakes.send({ key: { ...key, kind: 'Deployment' } }, 0);
    await pass(minuteMs);
    const error = expect.stringContaining('no controller for Deployment local/shop/web');
    expect(logged).toContainEqual(expect.objectContaining({ message: 'a wake failed', error }));
    expect(deadLetters).toEqual([]);
  });
});
