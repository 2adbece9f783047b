// The CustomResourceDefinitions of Argo Rollouts v1.10.1, from the types' own table. A cluster that has
// Argo's needs none of these: a manifest means the same under either.

import { objectSchema, type Schema } from './schema.ts';

export type Definition = {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string };
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: Record<'kind' | 'listKind' | 'plural' | 'singular', string> & { shortNames: string[] };
    versions: {
      name: string;
      served: true;
      storage: true;
      additionalPrinterColumns: Column[];
      schema: { openAPIV3Schema: Schema };
      subresources: object;
    }[];
  };
};

/** What `kubectl get` shows beside the name. */
type Column = { name: string; type: string; jsonPath: string; description: string };

type Part = {
  kind: string;
  shortName: string;
  scope?: 'Cluster';
  columns?: Column[];
  subresources?: object;
};

const group = 'argoproj.io';

const age: Column = column('Age', 'date', '.metadata.creationTimestamp', 'How old it is');
const phase: Column = column('Status', 'string', '.status.phase', 'Its phase');

// argo v1.10.1 pkg/apis/rollouts/v1alpha1/types.go, analysis_types.go, experiment_types.go
const parts: Part[] = [
  {
    kind: 'Rollout',
    shortName: 'ro',
    columns: [
      column('Desired', 'integer', '.spec.replicas', 'How many pods it is to have'),
      column('Current', 'integer', '.status.replicas', 'How many pods it has'),
      column('Up-to-date', 'integer', '.status.updatedReplicas', 'Pods of the latest template'),
      column('Available', 'integer', '.status.availableReplicas', 'Pods ready for long enough'),
    ],
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.HPAReplicas',
        labelSelectorPath: '.status.selector',
      },
    },
  },
  { kind: 'AnalysisTemplate', shortName: 'at' },
  { kind: 'ClusterAnalysisTemplate', shortName: 'cat', scope: 'Cluster' },
  { kind: 'AnalysisRun', shortName: 'ar', columns: [phase] },
  { kind: 'Experiment', shortName: 'exp', columns: [phase] },
];

export function definitions(): Definition[] {
  return parts.map(definition);
}

function definition({ kind, shortName, scope, columns = [], subresources = {} }: Part): Definition {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: scope ?? 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName] },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          additionalPrinterColumns: [...columns, age],
          schema: { openAPIV3Schema: objectSchema(kind) },
          subresources,
        },
      ],
    },
  };
}

function column(name: string, type: string, jsonPath: string, description: string): Column {
  return { name, type, jsonPath, description };
}
