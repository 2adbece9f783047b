import { analysisDifferences } from './analysisDifferences.ts';
import type { Difference } from './compare.ts';
import { experimentDifferences } from './experimentDifferences.ts';
import { runDifferences } from './runDifferences.ts';

/** A difference that is meant: where, what Serin has instead, and what says why. */
export type Intended = Omit<Difference, 'argo'> & { scenario: string; why: string };

const wording = 'README of the recordings: condition messages are wording, not contract';
const tooHeavy =
  'InvalidSpec: The Rollout "web" is invalid: ' +
  'spec.strategy.canary.steps[0].setWeight must be between 0 and 100, not 101';

// k8s.io/kubernetes v1.36.3 pkg/kubelet/status/generate.go: a gate holds back the pod's Ready, not
// that of its containers, which READY counts. The kwok of the recordings held back both.
const gates = 'the recordings ran on kwok, which marks containers behind a readiness gate unready';
const ready = (set: string): string =>
  `·□ web-<${set}>-<pod> | Pod | ✔ Running | <age> | ready:1/1`;

/** Of the observations: the rows of pods that a gate holds back. */
function gated(scenario: string, set: string, rows: Record<number, number[]>): Intended[] {
  return Object.entries(rows).flatMap(([at, each]) =>
    each.map((row) => ({
      ...{ scenario, at: Number(at), field: `get.row ${row}`, ours: ready(set), why: gates },
    })),
  );
}

/** The same verdict in our words. */
function worded(scenario: string, at: number, fault: string): Intended[] {
  const ours = `InvalidSpec: The Rollout "web" is invalid: spec.strategy.canary.${fault}`;
  return ['status.message', 'get.Message:'].map((field) => ({
    ...{ scenario, at, field, ours, why: wording },
  }));
}

const canaryRules = JSON.stringify([
  {
    host: 'web.example',
    http: {
      paths: [
        {
          backend: { service: { name: 'canary', port: { number: 80 } } },
          path: '/',
          pathType: 'Prefix',
        },
      ],
    },
  },
]);

/** What Argo's canary Ingress has, and ours, at an observation. */
function canaryIngress(scenario: string, at: number, ours: object, why: string): Intended[] {
  return Object.entries(ours).map(([field, value]) => ({
    ...{ scenario, at, field: `routes.Ingress web-web-canary.${field}`, ours: value, why },
  }));
}

const nginx = 'annotations.nginx.ingress.kubernetes.io';
const remade = {
  [`${nginx}/canary`]: 'true',
  [`${nginx}/canary-weight`]: '50',
  'spec.ingressClassName': 'nginx',
  'spec.tls': '[{"hosts":["web.example"],"secretName":"web"}]',
  'spec.rules': canaryRules,
};
const gone = {
  [`${nginx}/canary`]: '',
  [`${nginx}/canary-weight`]: '',
  'spec.ingressClassName': '',
  'spec.rules': '',
};
const given = 'docs/adr/0047-a-router-that-is-not-used-is-given-back.md';
const woken = 'docs/adr/0048-what-is-managed-wakes-its-rollout.md';

// A VirtualService whose only route has no name keeps getting its weights beside those that steps set. Argo
// counts the others too, and stops at the weights of before.
const mirrored = JSON.stringify([
  {
    match: [{ headers: { 'X-Try': { exact: '1' } } }],
    name: 'beta',
    route: [{ destination: { host: 'canary' }, weight: 100 }],
  },
  {
    name: 'main',
    route: [
      { destination: { host: 'stable' }, weight: 80 },
      { destination: { host: 'canary' }, weight: 20 },
    ],
  },
]);

// Argo writes revision 1 again with each annotation it hands down, and notes that as one more turn of it.
const again = {
  scenario: 'workload-progressively',
  field: 'replicaSets.r1.annotations.rollout.argoproj.io/revision-history',
  ours: '',
  why: 'revision 1 was there once only; the history is of revisions a ReplicaSet had before',
};

export const intended: Intended[] = [
  ...analysisDifferences,
  ...runDifferences,
  ...experimentDifferences,
  { ...again, at: 0 },
  { ...again, at: 1 },
  { ...again, at: 2 },
  {
    scenario: 'invalid-then-fixed-weight',
    at: 0,
    field: 'status.message',
    ours: tooHeavy,
    why: wording,
  },
  {
    scenario: 'invalid-then-fixed-weight',
    at: 0,
    field: 'get.Message:',
    ours: tooHeavy,
    why: wording,
  },
  { scenario: 'abort-first-deploy', at: 0, field: 'get.row 4', ours: ready('r1'), why: gates },
  { scenario: 'abort-first-deploy', at: 0, field: 'get.row 5', ours: ready('r1'), why: gates },
  { scenario: 'abort-first-deploy', at: 1, field: 'get.row 4', ours: ready('r1'), why: gates },
  { scenario: 'abort-first-deploy', at: 1, field: 'get.row 5', ours: ready('r1'), why: gates },
  { scenario: 'held-half', at: 1, field: 'get.row 4', ours: ready('r2'), why: gates },
  { scenario: 'held-half', at: 1, field: 'get.row 5', ours: ready('r2'), why: gates },
  { scenario: 'held-half', at: 2, field: 'get.row 4', ours: ready('r2'), why: gates },
  ...gated('router-progress-threshold', 'r2', {
    1: [4, 5, 6, 7],
    2: [4, 5, 6],
    3: [4, 5],
    4: [4, 5, 6, 7, 8, 9],
  }),
  ...worded(
    'router-nginx-late',
    0,
    'trafficRouting.nginx.stableIngress names the Ingress web, which does not exist; ' +
      'create it, or name another',
  ),
  ...worded(
    'router-nginx-late',
    1,
    'trafficRouting.nginx.stableIngress names the Ingress web, of which no rule leads to ' +
      'the Service stable; give it a path with that backend',
  ),
  ...worded(
    'router-invalid-istio-route-name',
    0,
    'trafficRouting.istio.virtualService.routes[0] names a route that the VirtualService web ' +
      'does not have; add it there',
  ),
  ...worded(
    'router-invalid-managed-route',
    0,
    'steps[1].setHeaderRoute.name must be one of spec.strategy.canary.trafficRouting.managedRoutes, ' +
      'which names one; not two',
  ),
  ...worded(
    'router-invalid-no-stable-service',
    0,
    'stableService is missing: istio sends requests to it',
  ),
  ...canaryIngress('router-nginx-edited', 4, remade, woken),
  ...canaryIngress('router-removed-in-release', 2, gone, given),
  ...canaryIngress('router-removed-in-release', 3, gone, given),
  {
    scenario: 'router-istio-mirror',
    at: 3,
    field: 'routes.VirtualService web.spec.http',
    ours: mirrored,
    why: 'the weight of a step is sent whatever other routes steps have set',
  },
];
