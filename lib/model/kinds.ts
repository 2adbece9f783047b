import type {
  AnalysisRun,
  AnalysisTemplate,
  ClusterAnalysisTemplate,
  Deployment,
  Event,
  Experiment,
  ObjectMeta,
  Pod,
  PodTemplate,
  ReplicaSet,
  Rollout,
  Service,
} from './argo.generated.ts';
import type { Lease } from './lease.ts';

/** Where a kind lives in the Kubernetes API, and what Serin does with it. */
type KindRow = {
  /** Its name in the API, where the kind of another group has that name in this table. */
  kind?: string;
  /** '' is the core group. */
  group: string;
  /** Those that Serin can use, the preferred one first. */
  versions: readonly [string, ...string[]];
  plural: string;
  isNamespaced: boolean;
  subresources: readonly Subresource[];
  shortNames?: readonly string[];
  /**
   * By `serin run`: from its start; as early, where it may; or from when one is first asked for.
   */
  watched: readonly ('always' | 'early' | 'onDemand')[];
  /** Whether changes of its spec are counted. */
  hasGeneration: boolean;
  /** Its objects have keys and turns of their own. */
  hasTurns?: true;
  /** Routers have objects of this kind: a rollout manages some of them. */
  ofRouters?: true;
  /** The simulated API server keeps them. */
  simulated?: true;
};
export type Subresource = 'status' | 'scale' | 'eviction';

const core = {
  group: '',
  versions: ['v1'],
  isNamespaced: true,
  subresources: [],
  watched: [],
  hasGeneration: true,
} as const;
const kept = { ...core, simulated: true } as const;
const apps = { ...kept, group: 'apps', subresources: ['status', 'scale'] } as const;
const argo = { ...kept, group: 'argoproj.io', versions: ['v1alpha1'] } as const;
/** Their definitions have no status subresource: a status is written like any other field. */
const judging = { ...argo, watched: ['onDemand'] } as const;
/** What routers define themselves. */
const routed = { ...kept, hasGeneration: true, ofRouters: true, watched: ['onDemand'] } as const;
const istio = {
  ...routed,
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;
const traefik = { ...routed, versions: ['v1alpha1'], plural: 'traefikservices' } as const;
const gateway = {
  ...routed,
  group: 'gateway.networking.k8s.io',
  subresources: ['status'],
} as const;
const appMesh = {
  ...routed,
  group: 'appmesh.k8s.aws',
  versions: ['v1beta2'],
  subresources: ['status'],
} as const;
const access = { ...core, group: 'authorization.k8s.io', isNamespaced: false } as const;

/**
 * All kinds that Serin knows. A new one is a row here, and where a turn uses it a row in
 * infra/cluster/rbac.yaml, or that of its router, and in the admission webhook's rules.
 */
export const kinds = {
  Rollout: {
    ...argo,
    hasTurns: true,
    plural: 'rollouts',
    subresources: ['status', 'scale'],
    shortNames: ['ro'],
    watched: ['always'],
  },
  ReplicaSet: {
    ...apps,
    plural: 'replicasets',
    shortNames: ['rs'],
    // Those of rollouts; and those that a workloadRef names.
    watched: ['always', 'onDemand'],
  },
  Pod: {
    ...kept,
    hasGeneration: false,
    plural: 'pods',
    subresources: ['status', 'eviction'],
    shortNames: ['po'],
  },
  Service: {
    ...kept,
    hasGeneration: false,
    plural: 'services',
    subresources: ['status'],
    shortNames: ['svc'],
    watched: ['always'],
  },
  Node: { ...core, hasGeneration: false, plural: 'nodes', isNamespaced: false, shortNames: ['no'] },
  Event: { ...kept, hasGeneration: false, plural: 'events' },
  Experiment: {
    ...judging,
    hasTurns: true,
    plural: 'experiments',
    shortNames: ['exp'],
    watched: ['early', 'onDemand'],
  },
  AnalysisRun: {
    ...judging,
    hasTurns: true,
    plural: 'analysisruns',
    shortNames: ['ar'],
    watched: ['early', 'onDemand'],
  },
  AnalysisTemplate: { ...judging, plural: 'analysistemplates', shortNames: ['at'] },
  ClusterAnalysisTemplate: {
    ...judging,
    plural: 'clusteranalysistemplates',
    isNamespaced: false,
    shortNames: ['cat'],
  },
  Job: { ...kept, group: 'batch', plural: 'jobs', subresources: ['status'] },
  Deployment: { ...apps, plural: 'deployments', shortNames: ['deploy'], watched: ['onDemand'] },
  PodTemplate: { ...kept, plural: 'podtemplates', watched: ['onDemand'] },
  Secret: { ...kept, hasGeneration: false, plural: 'secrets' },
  ConfigMap: { ...core, hasGeneration: false, plural: 'configmaps' },
  Lease: { ...kept, group: 'coordination.k8s.io', plural: 'leases' },
  CustomResourceDefinition: {
    ...core,
    group: 'apiextensions.k8s.io',
    plural: 'customresourcedefinitions',
    isNamespaced: false,
  },
  Ingress: {
    ...kept,
    group: 'networking.k8s.io',
    ofRouters: true,
    watched: ['onDemand'],
    plural: 'ingresses',
    subresources: ['status'],
    shortNames: ['ing'],
  },
  VirtualService: { ...istio, plural: 'virtualservices', shortNames: ['vs'] },
  DestinationRule: { ...istio, plural: 'destinationrules', shortNames: ['dr'] },
  HTTPRoute: { ...gateway, versions: ['v1', 'v1beta1'], plural: 'httproutes' },
  GRPCRoute: { ...gateway, versions: ['v1', 'v1alpha2'], plural: 'grpcroutes' },
  TCPRoute: { ...gateway, versions: ['v1alpha2'], plural: 'tcproutes' },
  TLSRoute: { ...gateway, versions: ['v1', 'v1alpha3', 'v1alpha2'], plural: 'tlsroutes' },
  TraefikService: { ...traefik, group: 'traefik.io' },
  /** Of Traefik 2, which since 2.10 serves both groups. */
  OldTraefikService: { ...traefik, kind: 'TraefikService', group: 'traefik.containo.us' },
  ApisixRoute: {
    ...routed,
    group: 'apisix.apache.org',
    versions: ['v2'],
    plural: 'apisixroutes',
    subresources: ['status'],
    shortNames: ['ar'],
  },
  Mapping: { ...routed, group: 'getambassador.io', versions: ['v2'], plural: 'mappings' },
  TrafficSplit: {
    ...routed,
    group: 'split.smi-spec.io',
    versions: ['v1alpha1', 'v1alpha2', 'v1alpha3'],
    plural: 'trafficsplits',
    shortNames: ['ts'],
  },
  AppMeshVirtualService: { ...appMesh, kind: 'VirtualService', plural: 'virtualservices' },
  VirtualRouter: { ...appMesh, plural: 'virtualrouters' },
  VirtualNode: { ...appMesh, plural: 'virtualnodes' },
  TargetGroupBinding: {
    ...routed,
    group: 'elbv2.k8s.aws',
    versions: ['v1beta1'],
    plural: 'targetgroupbindings',
    subresources: ['status'],
  },
  ValidatingWebhookConfiguration: {
    ...core,
    group: 'admissionregistration.k8s.io',
    plural: 'validatingwebhookconfigurations',
    isNamespaced: false,
  },
  SelfSubjectReview: {
    ...access,
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
  },
  SelfSubjectAccessReview: { ...access, plural: 'selfsubjectaccessreviews' },
  SubjectAccessReview: { ...access, plural: 'subjectaccessreviews' },
} as const satisfies Record<string, KindRow>;

export type Kind = keyof typeof kinds;

/** What spec.workloadRef may name. argo v1.10.1 rollout/templateref.go */
export const workloadKinds = ['Deployment', 'ReplicaSet', 'PodTemplate'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

/** The kinds whose fields are known by type. */
type Typed = {
  Rollout: Rollout;
  ReplicaSet: ReplicaSet;
  Pod: Pod;
  Service: Service;
  Event: Event;
  Deployment: Deployment;
  PodTemplate: PodTemplate;
  AnalysisTemplate: AnalysisTemplate;
  ClusterAnalysisTemplate: ClusterAnalysisTemplate;
  AnalysisRun: AnalysisRun;
  Experiment: Experiment;
  Lease: Lease;
};

/** Any object of the Kubernetes API. */
export type KubernetesObject = {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  [field: string]: unknown;
};

/** The type of each kind's objects. */
export type Kinds = { [K in Kind]: K extends keyof Typed ? Typed[K] : KubernetesObject };

/**
 * An object by its place. `uid` and `resourceVersion` make what is done with it conditional: on that very
 * object, in that very version.
 */
export type ObjectRef<K extends Kind = Kind> = {
  kind: K;
  namespace: string;
  name: string;
  uid?: string;
  resourceVersion?: string;
};

/** Names an object among those of its cluster. */
export function refText({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}

export const kindNames = Object.keys(kinds) as Kind[];

export function isKind(value: unknown): value is Kind {
  return kindNames.some((kind) => kind === value);
}

export function rowOf(kind: Kind): KindRow {
  return kinds[kind];
}

/** `apps/v1`; of the core group `v1`. */
export function apiVersionOf(kind: Kind): string {
  const { group, versions } = rowOf(kind);
  return group === '' ? versions[0] : `${group}/${versions[0]}`;
}

/** What an object says of itself in the API. */
export function typeMetaOf(kind: Kind): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(kind), kind: rowOf(kind).kind ?? kind };
}

/** `replicasets.apps`, as messages of the API server have it. */
export function resourceNameOf(kind: Kind): string {
  const { group, plural } = rowOf(kind);
  return group === '' ? plural : `${plural}.${group}`;
}
