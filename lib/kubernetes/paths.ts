import { Terminal } from '../errors.ts';
import { apiVersionOf, type Kind, rowOf } from '../model/kinds.ts';

export type Place = { namespace: string; name?: string; subresource?: string };

/** The path of an object, of a namespace's objects, or of all objects of the kind. */
export function pathOf(kind: Kind, { namespace, name, subresource }: Place): string {
  const { plural } = rowOf(kind);
  const apiVersion = apiVersionOf(kind);
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
