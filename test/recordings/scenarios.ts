import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../lib/model/kinds.ts';

// What Argo's controller v1.10.1 was observed to do on a real control plane, scenario by scenario:
// scenarios.yaml says what was played, NAME.json what was seen at each `wait`.

type Tree = { [field: string]: unknown };

export type Action =
  | 'badImage'
  | { image: string }
  | { patch: Tree }
  | { patchOther: { kind: string; name: string; body: Tree } }
  | { apply: KubernetesObject }
  | { delete: string }
  | { scale: number }
  | { plugin: string }
  | { admit: { image: string; pods: 'all' | number } }
  | { until: string }
  | { wait: string; timeout?: number };

export type Scenario = {
  name: string;
  services?: string[];
  rollout: Tree;
  /** Further objects: the Deployment a workloadRef names, what routers write. */
  also?: KubernetesObject[];
  actions: Action[];
};

/** One observation. Hashes, ages and pod names are masked, what is absent, 0 or empty left out. */
export type Observation = {
  wait: string;
  reached: boolean;
  status: Tree;
  rollout?: Tree;
  replicaSets?: Record<string, Tree>;
  services?: Record<string, Tree>;
  deployments?: Record<string, Tree>;
  /** The objects of routers, by kind and name. */
  routes?: Record<string, Tree>;
  /** The plugin's tree, line by line. */
  get: string[];
  /** The real hashes, by revision, and that of the steps. */
  hashes: Record<string, string>;
};

export function scenarios(): Scenario[] {
  const text = readFileSync(new URL('scenarios.yaml', import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Scenario);
}

type Recorded = Omit<Observation, 'hashes'> & { info: { hashes?: Record<string, string> } };

export function recording(name: string): Observation[] {
  const text = readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8');
  const { observations } = JSON.parse(text) as { observations: Recorded[] };
  return observations.map(
    ({
      wait,
      reached,
      status,
      rollout,
      replicaSets,
      services,
      deployments,
      routes,
      get,
      info,
    }) => ({
      wait,
      reached,
      status,
      ...(routes && { routes }),
      ...(rollout && { rollout }),
      ...(replicaSets && { replicaSets }),
      ...(services && { services }),
      ...(deployments && { deployments: sizesOf(deployments) }),
      get,
      hashes: info.hashes ?? {},
    }),
  );
}

/** The rest of a Deployment is its own controller's. */
function sizesOf(deployments: Record<string, Tree>): Record<string, Tree> {
  return Object.fromEntries(
    Object.entries(deployments).map(([name, { replicas }]) => [name, { replicas }]),
  );
}
