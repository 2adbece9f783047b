import { setTimeout as delay } from 'node:timers/promises';
import type { CanaryStep, CanaryStrategy, Rollout } from '../../lib/model/argo.generated.ts';
import { until } from '../cluster/processes.ts';
import { apply, newNamespace, reaches, webRollout } from '../cluster/stage.ts';
import { type Client, failures, shares, startClient } from './client.ts';
import { type RouterName, type RouterStage, routers } from './routers.ts';
import type { Stage } from './stage.ts';

// A Rollout behind the gateway, with a client whose requests never end.

export type ShopOptions = {
  /** Its namespace, and the host of its requests. */
  name: string;
  router: RouterName;
  steps?: CanaryStep[];
  replicas?: number;
  pingPong?: boolean;
  /** The gateway sends a request again that could not be sent to a pod. */
  retries?: boolean;
  canary?: CanaryStrategy;
  /** What else is in its namespace. */
  objects?: object[];
};

type Measured = { asked: number; share: number; requests: number };
export type Shop = {
  namespace: string;
  client: Client;
  measured: Measured[];
  release: (version: string) => Promise<void>;
  reaches: (phase: string, step?: number) => Promise<Rollout>;
  promote: () => Promise<void>;
  abort: () => Promise<void>;
  /** Waits until requests follow a change, or for too long, and measures for a while. */
  measure: (version: string, asked: number) => Promise<Measured>;
  /** Waits until there are no other pods than those of the stable version. */
  shrinks: () => Promise<void>;
  /** Ends the requests. */
  close: () => Promise<void>;
};

export const perSecond = 200;
/** How far a share may be from what a step asks for, in points. */
export const tolerance = 3;
/** Within this time the gateway acts on what is in the cluster, also on a busy machine. */
const settleMs = 10_000;
/** Requests follow if those of so long do. */
const followMs = 1000;
const windowMs = 3000;

/** A pause without end after each weight. */
export const weights = [20, 50, 80];
const pausedSteps: CanaryStep[] = weights.flatMap((setWeight) => [{ setWeight }, { pause: {} }]);

/** Of version v1, Healthy, with requests under way. */
export async function openShop(stage: Stage, options: ShopOptions): Promise<Shop> {
  const { plane, gateway } = stage;
  const { name, router, replicas = 4 } = options;
  const host = `${name}.example`;
  const namespace = await newNamespace(plane, name);
  await apply(plane, ...objectsOf(stage, options, host));
  const phase = (wanted: string, step?: number) =>
    reaches(plane, namespace, wanted, step === undefined ? {} : { step });
  await phase('Healthy');
  await answered(gateway.port, host);
  const client = startClient(gateway.port, host, perSecond);
  const measured: Measured[] = [];
  const command = async (verb: string): Promise<void> => {
    const { code, out, err } = await stage.serin().cli(`${verb} web -n ${namespace}`);
    if (code !== 0) throw new Error(`serin ${verb} in ${namespace} (${router}): ${err || out}`);
  };
  return {
    ...{ namespace, client, measured },
    reaches: phase,
    promote: () => command('promote'),
    abort: () => command('abort'),
    release: (version) => setImage(stage, namespace, version),
    measure: async (version, asked) => {
      const shareOf = (from: number, to: number) => shares(client.answers, from, to)[version] ?? 0;
      const since = Date.now();
      let from = since;
      do {
        await delay(followMs);
        from = Date.now();
      } while (
        from - since < settleMs &&
        Math.abs(shareOf(from - followMs, from) - asked) > tolerance
      );
      await delay(windowMs);
      const to = Date.now();
      const requests = client.answers.filter(({ at }) => at >= from && at < to).length;
      const found = { asked, share: shareOf(from, to), requests };
      measured.push(found);
      return found;
    },
    shrinks: () =>
      until(`${namespace} shrinks`, async () => {
        const args = ['get', 'pods', '-n', namespace, '--no-headers', '-o', 'name'];
        return (await plane.kubectl(args)).trim().split('\n').length === replicas;
      }),
    close: client.stop,
  };
}

async function answered(port: number, host: string): Promise<void> {
  await until(`an answer of ${host}`, async () => {
    const client = startClient(port, host, 20);
    await delay(200);
    await client.stop();
    return client.answers.length > 0 && failures(client.answers).length === 0;
  });
}

function objectsOf({ backends }: Stage, options: ShopOptions, host: string): object[] {
  const {
    name: namespace,
    router,
    steps = pausedSteps,
    replicas = 4,
    pingPong = false,
    retries = false,
  } = options;
  const [stable, canary] = pingPong ? ['ping', 'pong'] : ['stable', 'canary'];
  const sides = { stable: `web-${stable}`, canary: `web-${canary}` };
  const { routing, objects }: RouterStage = routers[router];
  const services = pingPong
    ? { pingPong: { pingService: sides.stable, pongService: sides.canary } }
    : { stableService: sides.stable, canaryService: sides.canary };
  const strategy = {
    ...{ trafficRouting: routing, steps, ...services },
    ...{ scaleDownDelaySeconds: 5, abortScaleDownDelaySeconds: 5, ...options.canary },
  };
  const rollout = webRollout(namespace, { replicas, strategy: { canary: strategy } });
  const template = { metadata: { labels: { app: 'web' } }, spec: podSpec('v1', backends.port) };
  return [
    ...Object.values(sides).map((name) => service(namespace, name, backends.port)),
    ...objects({ namespace, host, retries }, sides),
    ...(options.objects ?? []),
    { ...rollout, spec: { ...rollout.spec, template } },
  ];
}

function service(namespace: string, name: string, targetPort: number): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort }] },
  };
}

/** It goes on answering for a while after it is deleted, for the gateway to learn of that. */
function podSpec(version: string, containerPort: number): object {
  const preStop = { exec: { command: ['sleep', '3'] } };
  const container = { name: 'web', image: `web:${version}`, ports: [{ containerPort }] };
  return { containers: [{ ...container, lifecycle: { preStop } }] };
}

async function setImage(
  { plane, backends }: Stage,
  namespace: string,
  version: string,
): Promise<void> {
  const patch = { spec: { template: { spec: podSpec(version, backends.port) } } };
  const args = ['patch', 'rollout', 'web', '-n', namespace, '--type=merge', '-p'];
  await plane.kubectl([...args, JSON.stringify(patch)]);
}

/** One line for each weight that was measured. */
export function told(story: string, { measured, client }: Shop): string {
  const total = client.answers.length;
  const shown = measured.map(({ asked, share }) => `${asked} % → ${share.toFixed(1)} %`).join('  ');
  return `${story}: ${shown}; ${failures(client.answers).length} of ${total} requests failed`;
}
