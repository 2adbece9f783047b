import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { ObjectMeta } from '../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../lib/model/kinds.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';

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
  /** What gauges show from now on. */
  | { metric: Record<string, unknown> }
  /** The plugin's terminate, of every one that still goes on. */
  | { terminate: 'analysisrun' | 'experiment' }
  | { sleep: number }
  | { until: string }
  | { wait: string; timeout?: number };

export type Scenario = {
  name: string;
  services?: string[];
  /** None is made where there is none. */
  rollout?: Tree;
  /** Of the Rollout. */
  metadata?: Pick<ObjectMeta, 'labels' | 'annotations'>;
  /** The specs of AnalysisTemplates, AnalysisRuns and Experiments, by name. */
  templates?: Record<string, Tree>;
  runs?: Record<string, Tree>;
  experiments?: Record<string, Tree>;
  /** Further objects: the Deployment a workloadRef names, what routers write. */
  also?: KubernetesObject[];
  actions: Action[];
};

/** One observation. Hashes, ages and pod names are masked, what is absent, 0 or empty left out. */
export type Observation = {
  wait: string;
  reached: boolean;
  status?: Tree;
  rollout?: Tree;
  replicaSets?: Record<string, Tree>;
  services?: Record<string, Tree>;
  deployments?: Record<string, Tree>;
  /** The objects of routers, by kind and name. */
  routes?: Record<string, Tree>;
  analysisRuns?: Record<string, Tree>;
  jobs?: Record<string, Tree>;
  experiments?: Record<string, Tree>;
  /** The plugin's tree, line by line: not where there are Experiments, which have a page of their own. */
  get?: string[];
  /** The real hashes, by revision, and that of the steps. */
  hashes: Record<string, string>;
};

export type RolloutScenario = Scenario & { rollout: Tree };

/** Those that have a Rollout. */
export function rolloutScenarios(): RolloutScenario[] {
  return scenarios().filter((each): each is RolloutScenario => each.rollout !== undefined);
}

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
      analysisRuns,
      jobs,
      experiments,
      get,
      info,
    }) => ({
      wait,
      reached,
      ...(status && { status }),
      ...(analysisRuns && { analysisRuns: ofNoInstance(analysisRuns) }),
      ...(jobs && { jobs }),
      ...(routes && { routes }),
      ...(rollout && { rollout }),
      ...(replicaSets && { replicaSets }),
      ...(services && { services }),
      ...(deployments && { deployments: sizesOf(deployments) }),
      ...(experiments && { experiments: ofNoInstance(experiments) }),
      ...(get && !experiments && { get }),
      hashes: info.hashes ?? {},
    }),
  );
}

/** There it had a label of the instance that recorded it; here Serin serves those without. */
function ofNoInstance(runs: Record<string, Tree>): Record<string, Tree> {
  return Object.fromEntries(
    Object.entries(runs).map(([name, run]) => {
      const { [instanceIdLabel]: _, ...labels } = run.labels as Record<string, string>;
      return [name, { ...run, labels }];
    }),
  );
}

/** The rest of a Deployment is its own controller's. */
function sizesOf(deployments: Record<string, Tree>): Record<string, Tree> {
  return Object.fromEntries(
    Object.entries(deployments).map(([name, { replicas }]) => [name, { replicas }]),
  );
}
