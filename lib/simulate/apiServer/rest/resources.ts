import { type Kind, kindNames, rowOf, type Subresource, typeMetaOf } from '../../../model/kinds.ts';

// What the simulated API server says it serves, in the form kubectl discovers it.

export type RestResource = {
  group: string;
  version: string;
  plural: string;
  kind: Kind;
  namespaced: boolean;
  subresources: readonly Subresource[];
  shortNames?: readonly string[];
};

const served: readonly RestResource[] = kindNames
  .filter((kind) => rowOf(kind).simulated)
  .map((kind) => {
    const { group, versions, plural, isNamespaced, ...row } = rowOf(kind);
    const { subresources, shortNames } = row;
    return {
      ...{ group, version: versions[0], plural, kind, namespaced: isNamespaced, subresources },
      ...(shortNames && { shortNames }),
    };
  });

export type Place = {
  resource: RestResource;
  namespace: string;
  name?: string;
  subresource?: string;
};

/** What a path means, or undefined where nothing is served. */
export function placeOf(path: string): Place | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const isCore = parts[0] === 'api';
  const [group = '', version, ...rest] = isCore ? ['', ...parts.slice(1)] : parts.slice(1);
  if (!isCore && parts[0] !== 'apis') return undefined;
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2;
  const [plural, name, subresource, ...more] = inNamespace ? rest.slice(2) : rest;
  const resource = served.find(
    (one) => one.group === group && one.version === version && one.plural === plural,
  );
  const isServed =
    resource !== undefined &&
    more.length === 0 &&
    // Without a namespace there are only lists, unless the resource has none.
    (inNamespace ? resource.namespaced : name === undefined || !resource.namespaced) &&
    (subresource === undefined || resource.subresources.some((known) => known === subresource));
  if (!isServed) return undefined;
  return {
    resource,
    namespace: inNamespace ? (rest[1] ?? '') : '',
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** The document at a path that tells what there is, if it is one. */
export function discovery(path: string): object | undefined {
  const [first, group, version, more] = path.split('/').filter((part) => part !== '');
  if (more !== undefined) return undefined;
  if (first === 'version' && group === undefined) return serverVersion;
  if (first === 'api') {
    if (group === undefined) {
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    }
    return version === undefined ? resourceList('', group) : undefined;
  }
  if (first !== 'apis') return undefined;
  if (group === undefined) {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames().map(groupOf) };
  }
  if (!groupNames().includes(group)) return undefined;
  if (version !== undefined) return resourceList(group, version);
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) };
}

/** The newest whose defaults the simulation has, see defaults.ts. */
const serverVersion = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0-serin-simulated',
  platform: 'simulated',
};

function groupNames(): string[] {
  return [...new Set(served.map(({ group }) => group))].filter((group) => group !== '');
}

function groupOf(name: string): object {
  const { version = 'v1' } = served.find(({ group }) => group === name) ?? {};
  const preferred = { groupVersion: `${name}/${version}`, version };
  return { name, versions: [preferred], preferredVersion: preferred };
}

function resourceList(group: string, version: string): object | undefined {
  const members = served.filter((one) => one.group === group && one.version === version);
  if (members.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: members.flatMap(entriesOf),
  };
}

function entriesOf(resource: RestResource): object[] {
  const { plural, kind, namespaced, subresources, shortNames } = resource;
  const entry = {
    name: plural,
    singularName: typeMetaOf(kind).kind.toLowerCase(),
    namespaced,
    kind: typeMetaOf(kind).kind,
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    ...(shortNames === undefined ? {} : { shortNames }),
  };
  return [entry, ...subresources.map((name) => subresourceEntry(resource, name))];
}

function subresourceEntry({ plural, kind, namespaced }: RestResource, name: Subresource): object {
  const entry = { name: `${plural}/${name}`, singularName: '', namespaced };
  const verbs = ['get', 'patch', 'update'];
  if (name === 'status') return { ...entry, kind, verbs };
  if (name === 'scale') {
    return { ...entry, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs };
  }
  return { ...entry, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] };
}
