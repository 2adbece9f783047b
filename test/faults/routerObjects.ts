import { Terminal, Transient } from '../../lib/errors.ts';
import type { RolloutTrafficRouting } from '../../lib/model/argo.generated.ts';
import type { Kind, KubernetesObject, ObjectRef } from '../../lib/model/kinds.ts';
import { typeMetaOf } from '../../lib/model/kinds.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import type { RouterDeed } from './routing.ts';
import type { Scenario } from './scenario.ts';
import { type Stage, target } from './stage.ts';

// The objects of a run's routers, as their owners make them, and what is done to them.

const { namespace } = target;

type Given = { ref: ObjectRef; fields: object };

/** Those that the spec names. */
function givenIn({ spec }: Scenario): Given[] {
  const canary = spec.strategy?.canary ?? {};
  const { nginx, istio } = canary.trafficRouting ?? {};
  const given = (kind: Kind, name: string, fields: object): Given => ({
    ref: { kind, namespace, name },
    fields,
  });
  const ingresses = nginx?.stableIngresses ?? (nginx?.stableIngress ? [nginx.stableIngress] : []);
  const services = istio?.virtualServices ?? (istio?.virtualService ? [istio.virtualService] : []);
  const rule = istio?.destinationRule;
  return [
    ...ingresses.map((name) => given('Ingress', name, ingress)),
    ...services.map(({ name = '' }) => given('VirtualService', name, virtualService(rule))),
    ...(rule ? [given('DestinationRule', rule.name ?? '', destinationRule)] : []),
  ];
}

const backend = { service: { name: 'active', port: { number: 80 } } };
const paths = [{ path: '/', pathType: 'Prefix', backend }];
const ingress = {
  spec: { ingressClassName: 'nginx', rules: [{ host: 'web.example', http: { paths } }] },
};
const destinationRule = {
  spec: {
    host: 'web',
    subsets: [
      { name: 'stable', labels: { app: 'web' } },
      { name: 'canary', labels: { app: 'web' } },
    ],
  },
};

type Rule = NonNullable<RolloutTrafficRouting['istio']>['destinationRule'];

function virtualService(rule: Rule): object {
  const destinations = rule
    ? [
        { host: 'web', subset: 'stable' },
        { host: 'web', subset: 'canary' },
      ]
    : [{ host: 'active' }, { host: 'preview' }];
  const route = destinations.map((destination, index) => ({
    ...{ destination, weight: index === 0 ? 100 : 0 },
  }));
  return { spec: { hosts: ['web.example'], http: [{ name: 'main', route }] } };
}

/** Makes those that are not there. */
export function addRouters({ apply, read }: SimulatedCluster, scenario: Scenario): void {
  for (const { ref, fields } of givenIn(scenario)) {
    const { kind, name } = ref;
    if (read.find(kind, namespace, name)) continue;
    apply(kind, { ...typeMetaOf(kind), metadata: { name, namespace }, ...fields });
  }
}

export function removeRouters(cluster: SimulatedCluster, scenario: Scenario): void {
  for (const { ref } of givenIn(scenario)) {
    if (cluster.read.find(ref.kind, namespace, ref.name))
      cluster.deleteObject(ref.kind, namespace, ref.name);
  }
}

/** What is done to routers and to what Serin may write of them. */
export async function routerDeed(
  stage: Stage,
  deed: Exclude<RouterDeed, { do: 'service' }>,
  edit: (spec: MergePatch) => Promise<void>,
): Promise<void> {
  const { cluster, scenario, clock } = stage;
  const { canary } = scenario.spec.strategy ?? {};
  switch (deed.do) {
    case 'router':
      if (deed.how === 'restore') return addRouters(cluster, scenario);
      return harm(cluster, deed.how, objectsOf(cluster, scenario)[deed.place]);
    case 'webhook': {
      const message = 'admission webhook "rules.example" denied the request: not now';
      const denial =
        deed.how === 'refuses'
          ? new Terminal(message)
          : new Transient('failed calling webhook "rules.example": context deadline exceeded');
      cluster.denyWrites((kind) => (isOfRouter(kind) ? denial : undefined));
      const until = clock.now() + deed.spanMs;
      clock.schedule(until, async () => allow(stage));
      return;
    }
    case 'unroute':
      return edit({
        strategy: {
          canary: { ...unrouted, ...(canary?.steps && { steps: plainSteps(scenario) }) },
        },
      });
    case 'reroute':
      return edit({ strategy: { canary: routed(scenario) } });
  }
}

/** The webhook objects to nothing any more. */
export function allow({ cluster }: Pick<Stage, 'cluster'>): void {
  cluster.denyWrites(() => undefined);
}

function isOfRouter(kind: Kind): boolean {
  return kind === 'Ingress' || kind === 'VirtualService' || kind === 'DestinationRule';
}

const routedFields = [
  'trafficRouting',
  'pingPong',
  'scaleDownDelaySeconds',
  'dynamicStableScale',
] as const;
const unrouted = Object.fromEntries(routedFields.map((field) => [field, null]));

/** All of them work with a router alone. */
function plainSteps({ spec }: Scenario): MergePatch[] {
  const { steps = [] } = spec.strategy?.canary ?? {};
  return steps.filter(({ pause, setWeight }) => pause ?? setWeight !== undefined) as MergePatch[];
}

/** What the spec had of its routers at first. */
export function routed({ spec }: Scenario): MergePatch {
  const canary = spec.strategy?.canary ?? {};
  const { steps } = canary;
  const fields = routedFields.map((field) => [field, canary[field] ?? null]);
  return { ...Object.fromEntries(fields), ...(steps && { steps }) };
}

/** Those of the spec and the canary Ingresses, as far as they are there. */
function objectsOf({ read }: SimulatedCluster, scenario: Scenario): KubernetesObject[] {
  const given = givenIn(scenario).flatMap(
    ({ ref }) => read.find(ref.kind, namespace, ref.name) ?? [],
  );
  const canaries = read
    .list('Ingress', namespace)
    .filter(({ metadata }) => metadata?.name?.endsWith('-canary'));
  return [...canaries, ...given] as KubernetesObject[];
}

/** As a person does who does not know whose it is. */
async function harm(
  cluster: SimulatedCluster,
  how: 'delete' | 'edit',
  object: KubernetesObject | undefined,
): Promise<void> {
  if (!object) throw new Error('there is no such object');
  const { kind = '', metadata: { name = '', annotations = {} } = {} } = object;
  if (how === 'delete') return cluster.deleteObject(kind as Kind, namespace, name);
  const weight = 'nginx.ingress.kubernetes.io/canary-weight';
  const { http = [] } = (object.spec ?? {}) as { http?: { route?: object[] }[] };
  const reweighted = http.map((each) => ({
    ...each,
    ...(each.route?.length === 2 && {
      route: each.route.map((to) => ({ ...to, weight: 50 })),
    }),
  }));
  const patch = {
    metadata: {
      labels: { team: 'other' },
      ...(annotations[weight] !== undefined && { annotations: { [weight]: '70' } }),
    },
    ...(http.length > 0 && { spec: { http: reweighted } }),
  };
  await cluster
    .as('kubectl-edit')
    .patch({ kind: kind as Kind, namespace, name }, patch as MergePatch);
}
