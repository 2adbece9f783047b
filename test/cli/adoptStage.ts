import { expect, onTestFinished } from 'vitest';
import type { Adoption } from '../../lib/adopt/adopt.ts';
import { changesOf } from '../../lib/adopt/changes.ts';
import type { Deployment, Rollout } from '../../lib/model/argo.generated.ts';
import type { Lease } from '../../lib/model/lease.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { failureAnswer, json, Refused } from '../../lib/simulate/apiServer/rest/answers.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import type { Touched } from '../../lib/simulate/shadow.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { serve } from '../kubernetes/serve.ts';
import { kubeconfigFor, serin } from './support.ts';

type Named = { metadata: { namespace: string; name: string } };
type Made = { deployments?: Deployment[]; leases?: Lease[]; configMaps?: Named[] };
type Options = Made & { forbid?: RegExp };

/**
 * A simulated cluster behind HTTP, run for an hour by somebody who calls himself rollouts-controller, in
 * which any write but his fails the test.
 */
export async function cluster({
  deployments = [],
  leases = [],
  configMaps = [],
  forbid,
}: Options = {}) {
  const clock = virtualClock(Date.now() - 60 * minuteMs);
  const { world, cluster: sim } = simulatedWorld({ clock, seed: 3 });
  const api = restApi(sim);
  const writes: string[] = [];
  const { server, close } = await serve(
    restListener(async (request) => {
      const { method, path, query } = request;
      if (method !== 'GET') writes.push(`${method} ${path}`);
      if (forbid?.test(path)) {
        const [resource] = path.match(/\b(configmaps|services)\b/) ?? path.split('/').slice(-1);
        const message = `${resource} is forbidden: User "viewer" cannot list resource "${resource}"`;
        return failureAnswer(new Refused(403, 'Forbidden', message), method, {});
      }
      if (path.endsWith('/leases')) return json({ metadata: {}, items: within(leases, path) });
      if (path.endsWith('/deployments')) {
        const [key = '', value] = (query.get('labelSelector') ?? '').split('=');
        const found = within(deployments, path);
        return json({
          metadata: {},
          items: found.filter(({ metadata }) => metadata?.labels?.[key] === value),
        });
      }
      const asked = configMaps.find(({ metadata: { namespace, name } }) =>
        path.endsWith(`/namespaces/${namespace}/configmaps/${name}`),
      );
      return asked ? json(asked) : await api(request);
    }),
  );
  onTestFinished(close);
  const kubeconfig = kubeconfigFor(server);
  const argos = { ...world, cluster: async () => sim.as('rollouts-controller') };
  // Of a controller's own writes under that name it must not think that they are a rival's.
  const conflictingController = {
    manager: '',
    seenAt: 0,
    times: 1,
    wroteAt: Number.MAX_SAFE_INTEGER,
  };
  const run = async (name = 'web', until = clock.now() + minuteMs) => {
    const key = { cluster: 'local', namespace: 'shop', name };
    if (!(await world.store.load(key)))
      await world.store.save({ ...blankRecord(key), conflictingController });
    while (clock.now() < until) {
      await reconcile(argos, key);
      await clock.run({ until: clock.now() + 1000, eventsMax: 10_000 });
    }
  };
  /** Time passes without a controller. */
  const pass = (until = Date.now() - minuteMs) => clock.run({ until, eventsMax: 10_000 });
  const adopt = async (...more: string[]) => {
    const before = writes.length;
    const done = await serin(['adopt', '--kubeconfig', kubeconfig, ...more]);
    expect(writes.slice(before)).toEqual([]);
    return done;
  };
  const adoptJson = async (...more: string[]) => {
    const { code, out, err } = await adopt('--json', ...more);
    expect(err).toBe('');
    return { code, ...(JSON.parse(out) as Adoption & { todo: string[] }) };
  };
  /** Serin itself takes `web`, at this moment; answers what that changed, in the words of adopt. */
  const takeOver = async (): Promise<string[]> => {
    const before = stored(sim);
    const key = { cluster: 'local', namespace: 'shop', name: 'web' };
    await reconcile({ ...world, store: memoryStore(clock) }, key);
    const after = stored(sim);
    const names = [...new Set([...before.keys(), ...after.keys()])];
    const touched = names.flatMap((name): Touched[] => {
      const [was, is] = [before.get(name), after.get(name)];
      if (was === is) return [];
      const kind = name.split(' ')[0] as Touched['kind'];
      return [{ kind, ...(was && { before: was }), ...(is && { after: is }) } as Touched];
    });
    return changesOf(touched).map(({ text }) => text);
  };
  return { sim, run, pass, adopt, adoptJson, takeOver, kubeconfig, close };
}

/** Every object but Events, by its kind and name. */
function stored({ read }: SimulatedCluster): Map<string, object> {
  const kinds = ['Rollout', 'ReplicaSet', 'Pod', 'Service', 'Ingress'] as const;
  return new Map(
    kinds.flatMap((kind) =>
      read
        .list(kind, '')
        // An evicted pod takes its time.
        .filter(({ metadata }) => !metadata?.deletionTimestamp)
        .map((each) => [`${kind} ${each.metadata?.name}`, each] as const),
    ),
  );
}

function within<T extends { metadata?: { namespace?: string } }>(objects: T[], path: string): T[] {
  const [, namespace] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
  return objects.filter(
    (each) => namespace === undefined || each.metadata?.namespace === namespace,
  );
}

export function web(
  name: string,
  changes: Partial<NonNullable<Rollout['spec']>> = {},
  id?: string,
): Rollout {
  const labels = { app: name };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: 'shop', ...(id && { labels: { [instanceIdLabel]: id } }) },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } },
      strategy: { canary: { steps: [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }] } },
      ...changes,
    },
  };
}

export function withImage(rollout: Rollout, image: string): Rollout {
  const template = { ...rollout.spec?.template, spec: { containers: [{ name: 'web', image }] } };
  return { ...rollout, spec: { ...rollout.spec, template } };
}
