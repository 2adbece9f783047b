import { Terminal } from '../errors.ts';
import { rolloutApiVersion } from '../model/names.ts';
import type { Kind } from '../world.ts';

/** Where a kind lives in the API, and what an RBAC rule calls it. */
export type Resource = { apiVersion: string; group: string; plural: string };

/** The World's kinds, and the one that says whether a cluster knows them. */
export type ResourceKind = Kind | 'CustomResourceDefinition';

export const resources: Record<ResourceKind, Resource> = {
  Rollout: { apiVersion: rolloutApiVersion, group: 'argoproj.io', plural: 'rollouts' },
  ReplicaSet: { apiVersion: 'apps/v1', group: 'apps', plural: 'replicasets' },
  Pod: { apiVersion: 'v1', group: '', plural: 'pods' },
  Service: { apiVersion: 'v1', group: '', plural: 'services' },
  Event: { apiVersion: 'v1', group: '', plural: 'events' },
  CustomResourceDefinition: {
    apiVersion: 'apiextensions.k8s.io/v1',
    group: 'apiextensions.k8s.io',
    plural: 'customresourcedefinitions',
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
