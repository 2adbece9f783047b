import { type Kind, resourceNameOf, rowOf, typeMetaOf } from '../../lib/model/kinds.ts';
import type { ControlPlane } from './controlPlane.ts';
import { apply } from './stage.ts';

// The kinds that routers define, so that an API server serves them. What their own definitions would refuse
// is no part of the tests here: these take anything.

/** By kind, the versions that a cluster serves: those of a meshed cluster of the time of Argo v1.10.1. */
const served: [kind: Kind, versions: string[]][] = [
  ['VirtualService', ['v1alpha3', 'v1beta1', 'v1']],
  ['DestinationRule', ['v1alpha3', 'v1beta1', 'v1']],
  ['TraefikService', ['v1alpha1']],
  ['ApisixRoute', ['v2']],
  ['Mapping', ['v2']],
  ['TrafficSplit', ['v1alpha1', 'v1alpha2', 'v1alpha3']],
  ['AppMeshVirtualService', ['v1beta2']],
  ['VirtualRouter', ['v1beta2']],
  ['VirtualNode', ['v1beta2']],
];

/** Before a controller is started: Argo's looks only then which of them there are. */
export async function installRouterDefinitions(plane: ControlPlane): Promise<void> {
  await apply(plane, ...served.map(([kind, versions]) => definitionOf(kind, versions)));
  const names = served.map(([kind]) => `crd/${resourceNameOf(kind)}`);
  await plane.kubectl(['wait', '--for=condition=established', ...names, '--timeout=30s']);
}

/** The first of the versions is the one that is stored. */
function definitionOf(kind: Kind, versions: string[]): object {
  const { group, plural } = rowOf(kind);
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: resourceNameOf(kind) },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: typeMetaOf(kind).kind, plural },
      versions: versions.map((name, index) => ({
        ...{ name, served: true, storage: index === 0 },
        schema: { openAPIV3Schema: schema },
      })),
    },
  };
}
