import type {
  CanaryStep,
  CanaryStrategy,
  RolloutSpec,
  RolloutTrafficRouting,
} from '../../lib/model/argo.generated.ts';
import type { Kind, KubernetesObject } from '../../lib/model/kinds.ts';
import { typeMetaOf } from '../../lib/model/kinds.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { podHashOf } from '../../lib/model/workload.ts';
import { key, manifest } from '../faults/stage.ts';
import { openRelease, type Release, type ReleaseOptions } from './releasesStage.ts';

/** A release whose requests a router sends. */
export type Routed = Release & {
  put: (kind: Kind, name: string, fields: object) => void;
  find: (kind: Kind, name: string) => KubernetesObject | undefined;
  /** What somebody does to an object with kubectl. */
  edit: (kind: Kind, name: string, change: object) => Promise<void>;
  remove: (kind: Kind, name: string) => void;
  /** The weight of the canary, as NGINX has it; undefined where there is no canary Ingress. */
  weight: () => number | undefined;
  /** The image of the version that a Service leads to; '' where it is that of any. */
  led: (service: string) => string;
};

const nginx: RolloutTrafficRouting = { nginx: { stableIngress: 'web' } };
const twoSteps: CanaryStep[] = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];

type Options = ReleaseOptions & {
  spec?: RolloutSpec;
  services?: string[];
  objects?: [kind: Kind, name: string, fields: object][];
};

/** Healthy at `web:v1`, with Services and what the router needs. */
export async function openRouted(
  canary: CanaryStrategy,
  { spec = {}, services = ['canary', 'stable'], objects = webIngress, ...options }: Options = {},
): Promise<Routed> {
  const [canaryService = '', stableService = ''] = services;
  const named = canary.pingPong ? {} : { canaryService, stableService };
  const routed = { trafficRouting: nginx, steps: twoSteps, ...named, ...canary };
  const release = await openRelease(
    { ...spec, strategy: { canary: routed } },
    { ...options, isEmpty: true },
  );
  const stage = withRoutes(release);
  const selector = { app: 'web' };
  for (const name of services) stage.put('Service', name, { spec: { selector } });
  for (const object of objects) stage.put(...object);
  if (options.isEmpty) return stage;
  stage.cluster.apply('Rollout', manifest(stage.scenario));
  await stage.pass(10_000);
  return stage;
}

function withRoutes(release: Release): Routed {
  const { cluster, dog } = release;
  const { namespace } = key;
  const find = (kind: Kind, name: string): KubernetesObject | undefined =>
    cluster.read.find(kind, namespace, name);
  return {
    ...release,
    find,
    put: (kind, name, fields) => {
      cluster.apply(kind, { ...typeMetaOf(kind), metadata: { name, namespace }, ...fields });
    },
    edit: async (kind, name, change) => {
      await cluster.as('kubectl').patch({ kind, namespace, name }, { ...change });
    },
    remove: (kind, name) => cluster.deleteObject(kind, namespace, name),
    weight: () => {
      const ingress = find('Ingress', 'web-web-canary');
      const text = ingress?.metadata?.annotations?.[weightAnnotation];
      return text === undefined ? undefined : Number(text);
    },
    led: (name) => {
      const service = cluster.read.get('Service', namespace, name);
      const hash = service.spec?.selector?.[hashLabel];
      const set = dog.sets().find((each) => podHashOf(each) === hash);
      return set?.spec?.template?.spec?.containers?.[0]?.image ?? '';
    },
  };
}

export const weightAnnotation = 'nginx.ingress.kubernetes.io/canary-weight';

const backend = { service: { name: 'stable', port: { number: 80 } } };
const rules = [
  { host: 'web.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } },
];
export const ingressSpec = { spec: { ingressClassName: 'nginx', rules } };
export const webIngress: [Kind, string, object][] = [['Ingress', 'web', ingressSpec]];

/** One route to two Services. */
export function virtualService(stable: string, canary: string): [Kind, string, object][] {
  const route = [
    { destination: { host: stable }, weight: 100 },
    { destination: { host: canary }, weight: 0 },
  ];
  return [
    [
      'VirtualService',
      'web',
      { spec: { hosts: ['web.example'], http: [{ name: 'main', route }] } },
    ],
  ];
}
