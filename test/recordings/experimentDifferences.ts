import type { Intended } from './differences.ts';

// Where an Experiment ends differently, or says it differently.

const kept = 'docs/adr/0067-how-an-experiment-ends.md';
const gone = 'docs/adr/0066-experiments.md';

/** A run that was terminated with its Experiment: Argo does not look at it any more. */
function terminated(scenario: string, at: number, experiment: string, run: string): Intended[] {
  const field = `experiments.${experiment}.status.analysisRuns.${run}`;
  return [
    { scenario, at, field: `${field}.phase`, ours: 'Successful', why: kept },
    { scenario, at, field: `${field}.message`, ours: 'Run Terminated', why: kept },
  ];
}

/** The Service is gone, and Argo has written its name again from what it had read before. */
function unnamed(scenario: string, at: number): Intended[] {
  return ['podTemplateHash', 'serviceName'].map((field) => ({
    ...{ scenario, at, field: `experiments.trial.status.templateStatuses.one.${field}` },
    ...{ ours: '', why: gone },
  }));
}

/** Argo leaves a destination behind whose Service is gone. */
const routes = [
  { at: 2, weights: [90, 10] },
  { at: 3, weights: [100, 0] },
].map(({ at, weights: [stable, canary] }) => ({
  ...{ scenario: 'experiment-weights-istio', at, field: 'routes.VirtualService web.spec.http' },
  ours: JSON.stringify([
    {
      route: [
        { destination: { host: 'stable' }, weight: stable },
        { destination: { host: 'canary' }, weight: canary },
      ],
    },
  ]),
  why: 'docs/adr/0068-the-experiment-of-a-step.md',
}));

export const experimentDifferences: Intended[] = [
  ...terminated('experiment-step-analysis-fail', 1, 'web-<r2>-2-1', 'beside'),
  ...terminated('experiment-step-analysis-fail', 2, 'web-<r2>-2-1', 'beside'),
  ...terminated('experiment-step-analysis-fail', 2, 'web-<r2>-2-1-1', 'beside'),
  ...terminated('experiment-step-new-image', 1, 'web-<r2>-2-1', 'long'),
  ...terminated('experiment-step-new-image', 2, 'web-<r2>-2-1', 'long'),
  ...terminated('experiment-step-new-image', 2, 'web-<r3>-3-1', 'long'),
  ...routes,
  ...unnamed('experiment-alone-duration', 2),
  ...unnamed('experiment-alone-analyses', 0),
  ...unnamed('experiment-alone-deadline', 0),
];
