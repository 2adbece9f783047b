import { Terminal } from '../errors.ts';
import type { ObjectMeta } from '../model/argo.generated.ts';
import type { Lease } from '../model/lease.ts';
import { rolloutApiVersion } from '../model/names.ts';
import type { Kinds } from '../world.ts';

/** What can be read: also what tells of other controllers, which Serin never writes. */
export type ReadKinds = Kinds & { Lease: Lease; ConfigMap: { metadata?: ObjectMeta } };
export type ReadKind = keyof ReadKinds;

/** Where a kind lives in the API, and what an RBAC rule calls it. */
export type Resource = { apiVersion: string; group: string; plural: string };

/** What `serin cluster check` looks at and asks. */
type CheckedKind =
  | 'SelfSubjectReview'
  | 'SelfSubjectAccessReview'
  | 'SubjectAccessReview'
  | 'ValidatingWebhookConfiguration';

/** The kinds that are read, the one that says whether a cluster knows them, and those of a check. */
export type ResourceKind = ReadKind | 'CustomResourceDefinition' | CheckedKind;

export const resources: Record<ResourceKind, Resource> = {
  Rollout: { apiVersion: rolloutApiVersion, group: 'argoproj.io', plural: 'rollouts' },
  ReplicaSet: { apiVersion: 'apps/v1', group: 'apps', plural: 'replicasets' },
  Pod: { apiVersion: 'v1', group: '', plural: 'pods' },
  Service: { apiVersion: 'v1', group: '', plural: 'services' },
  Deployment: { apiVersion: 'apps/v1', group: 'apps', plural: 'deployments' },
  PodTemplate: { apiVersion: 'v1', group: '', plural: 'podtemplates' },
  ConfigMap: { apiVersion: 'v1', group: '', plural: 'configmaps' },
  Event: { apiVersion: 'v1', group: '', plural: 'events' },
  Lease: {
    apiVersion: 'coordination.k8s.io/v1',
    group: 'coordination.k8s.io',
    plural: 'leases',
  },
  CustomResourceDefinition: {
    apiVersion: 'apiextensions.k8s.io/v1',
    group: 'apiextensions.k8s.io',
    plural: 'customresourcedefinitions',
  },
  SelfSubjectReview: {
    apiVersion: 'authentication.k8s.io/v1',
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
  },
  SelfSubjectAccessReview: {
    apiVersion: 'authorization.k8s.io/v1',
    group: 'authorization.k8s.io',
    plural: 'selfsubjectaccessreviews',
  },
  SubjectAccessReview: {
    apiVersion: 'authorization.k8s.io/v1',
    group: 'authorization.k8s.io',
    plural: 'subjectaccessreviews',
  },
  ValidatingWebhookConfiguration: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    group: 'admissionregistration.k8s.io',
    plural: 'validatingwebhookconfigurations',
  },
};

export type Place = { namespace: string; name?: string; subresource?: string };

/** The path of an object, of a namespace's objects, or of all objects of the kind. */
export function pathOf(kind: ResourceKind, { namespace, name, subresource }: Place): string {
  const { apiVersion, plural } = resources[kind];
  return [
    apiVersion.includes('/') ? '/apis' : '/api',
    apiVersion,
    ...(namespace === '' ? [] : ['namespaces', segment(namespace)]),
    plural,
    ...(name === undefined ? [] : [segment(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ].join('/');
}

/** An empty name would turn one object's path into that of all, and `..` climbs out of it. */
function segment(name: string): string {
  if (!isName(name)) throw new Terminal(`${JSON.stringify(name)} is not a name in Kubernetes`);
  return name;
}

/** Whether an object can have this name. */
export function isName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name);
}
