import { parseAllDocuments } from 'yaml';
import { Terminal } from '../errors.ts';
import { type Folder, textOf } from '../packaged.ts';

/** One thing that Serin must be allowed to do, in all namespaces. */
export type Right = { verb: string; group: string; resource: string; subresource?: string };

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };

/** The rights that the ClusterRole of a manifest in that folder gives, one by one. */
export function rightsIn(folder: Folder, manifest = 'rbac.yaml'): Right[] {
  const objects = parseAllDocuments(textOf(folder, manifest)).map((each) => each.toJS());
  const role = objects.find((object) => object?.kind === 'ClusterRole');
  if (!role) throw new Terminal(`${manifest} has no ClusterRole`);
  return (role.rules as Rule[]).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((path) => {
        const [resource = '', subresource] = path.split('/');
        return verbs.map((verb) => ({
          verb,
          group,
          resource,
          ...(subresource && { subresource }),
        }));
      }),
    ),
  );
}

/** By the name that a router has in infra/cluster. */
export type RightsByRouter = Readonly<Record<string, Right[]>>;

/** What the manifests of `routers/` in that folder give for each router. */
export function rightsByRouter(folder: Folder): RightsByRouter {
  const manifests = folder.names().filter((name) => /^routers\/[^/]+\/rbac\.yaml$/.test(name));
  return Object.fromEntries(
    manifests.map((name) => [name.split('/')[1] ?? name, rightsIn(folder, name)]),
  );
}

/** `patch rollouts.argoproj.io/status`, as `kubectl auth can-i` has it. */
export function rightText({ verb, group, resource, subresource }: Right): string {
  const qualified = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${[qualified, subresource].filter(Boolean).join('/')}`;
}
