import { describe, expect, it } from 'vitest';
import { Conflict, Terminal, Transient } from '../../lib/errors.ts';
import type { Event } from '../../lib/model/argo.generated.ts';
import { fromTime } from '../../lib/model/units.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import type { Cluster, Store, World } from '../../lib/world.ts';
import { namespace, rollout } from '../simulate/manifests.ts';

const key = { cluster: 'local', namespace, name: 'web' };
/** Longer than a process that is gone keeps others away. */
const laterMs = 60_000;

type Effect = (label: string) => void | Promise<void>;

/** A world whose effects are told before they are made. */
function tapped(world: World, before: Effect): World {
  const { store } = world;
  const told = <A extends unknown[], T>(label: string, call: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      await before(label);
      return await call(...args);
    };
  };
  const tappedStore: Store = {
    ...store,
    save: told('save', store.save),
    append: told('append', store.append),
  };
  return {
    ...world,
    store: tappedStore,
    cluster: async (name) => {
      const cluster = await world.cluster(name);
      const create: Cluster['create'] = async (kind, object, options) => {
        if (!options?.dryRun) await before(`create ${kind}`);
        return await cluster.create(kind, object, options);
      };
      return { ...cluster, create, patch: told('patch', cluster.patch) };
    },
  };
}

/** A first deployment; `before` is asked at each effect of the first process. */
async function deployed(before: Effect) {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const { world, cluster, process, connect } = simulatedWorld({ clock, seed: 1 });
  connect({ deliver: async () => {} });
  cluster.apply('Rollout', rollout());
  const run = (of: World) => {
    void deliver(of, { key }).catch(() => undefined);
    return clock.run({ until: clock.now() + laterMs, eventsMax: 10_000 });
  };
  await run(tapped(process(), before));
  const events = (): string[] => cluster.read.list('Event', namespace).map(textOf).sort();
  return { world, cluster, process, run, events, next: () => run(process()) };
}

function textOf({ reason, message, count }: Event): string {
  return `${count}x ${reason}: ${message}`;
}

/** What is told, by processes of which none ends before its time. */
async function undisturbed() {
  const labels: string[] = [];
  const stage = await deployed((label) => void labels.push(label));
  await stage.next();
  return { labels, events: stage.events() };
}

describe('what is to be told', () => {
  it('is told once, wherever a process ends', async () => {
    const { labels, events } = await undisturbed();
    expect(labels).toEqual(expect.arrayContaining(['save', 'patch', 'create Event', 'append']));
    for (const last of labels.keys()) {
      let made = -1;
      const { next, ...stage } = await deployed(() => {
        made += 1;
        return made < last ? undefined : new Promise(() => {});
      });
      await next();
      await next();
      expect(stage.events(), `ended before effect ${last}, ${labels[last]}`).toEqual(events);
    }
  });

  it('is told as far as it was done, where a write meets a conflict', async () => {
    const { labels, events } = await undisturbed();
    const patches = labels.filter((label) => label === 'patch').length;
    for (let conflict = 0; conflict < patches; conflict += 1) {
      let made = -1;
      const stage = await deployed((label) => {
        if (label === 'patch') made += 1;
        if (label === 'patch' && made === conflict) throw new Conflict('it has been modified');
      });
      expect(made).toBeGreaterThan(conflict);
      expect(stage.events(), `conflict at patch ${conflict}`).toEqual(events);
    }
  });

  it('is not told where somebody else came first', async () => {
    const { cluster, world, run, next, process, ...stage } = await deployed(() => {});
    const { spec = {} } = rollout();
    const containers = [{ name: 'web', image: 'web:v2' }];
    cluster.apply(
      'Rollout',
      rollout({ ...spec, template: { ...spec.template, spec: { containers } } }),
    );
    const isToPause = async (): Promise<boolean> => {
      const { outbox = [] } = (await world.store.load(key)) ?? {};
      return outbox.some((each) => 'event' in each && each.event.reason === 'RolloutPaused');
    };
    const ends: Effect = async (label) => {
      if (label === 'patch' && (await isToPause())) await new Promise(() => {});
    };
    for (let turn = 0; turn < 5; turn += 1) await run(tapped(process(), ends));
    expect(await isToPause()).toBe(true);
    cluster.patchStatus(namespace, 'web', { abort: true });
    await next();
    const reasons = stage.events().map((text) => text.split(/[ :]/)[1]);
    expect(reasons).toContain('RolloutAborted');
    expect(reasons).not.toContain('RolloutPaused');
  });

  it('is told by the next turn where the API server did not take it', async () => {
    const { events } = await undisturbed();
    let left = 3;
    const stage = await deployed((label) => {
      if (label !== 'create Event' || left === 0) return;
      left -= 1;
      throw new Transient('429 Too Many Requests');
    });
    await stage.next();
    expect(left).toBe(0);
    expect(stage.events()).toEqual(events);
  });

  it('is left out where Serin may not tell it, and holds up nothing', async () => {
    let tried = 0;
    const forbidden: Effect = (label) => {
      if (label !== 'create Event') return;
      tried += 1;
      throw new Terminal('403 Forbidden');
    };
    const { events } = await undisturbed();
    const stage = await deployed(forbidden);
    const once = tried;
    await stage.run(tapped(stage.world, forbidden));
    expect(stage.events()).toEqual([]);
    expect(tried).toBe(once);
    expect(once).toBe(events.length);
    const record = await stage.world.store.load(key);
    expect(record?.progress?.phase).toBe('Healthy');
    expect(record?.outbox?.filter((message) => 'event' in message)).toEqual([]);
  });
});
