import type {
  AnalysisRun,
  ExperimentAnalysisRunStatus,
  ExperimentAnalysisTemplateRef,
} from '../../model/argo.generated.ts';
import { freeName, instanceIdLabel } from '../../model/names.ts';
import { type PlannedEvent, refOf, type Write } from '../../model/plan.ts';
import { nameOf, ownerReference } from '../../model/workload.ts';
import { merged } from '../analysis/merged.ts';
import { resolvedArguments } from './arguments.ts';
import { isCompleted, isUnsuccessful } from './ending.ts';
import type { Facts, ObservedRun } from './facts.ts';
import type { Part } from './templates.ts';

// The runs of an Experiment. argo v1.10.1 experiments/experiment.go reconcileAnalysisRun

type Entry = ExperimentAnalysisRunStatus;
type Given = ExperimentAnalysisTemplateRef;

export function decideAnalysis(facts: Facts, analysis: Given): Part<Entry> {
  const before = entryOf(facts, analysis);
  const { status, writes = [], events = [] } = decided(facts, analysis, before);
  return { status, writes, events: [...events, ...transition(before, status)] };
}

function entryOf({ status }: Facts, { name }: Given): Entry {
  const found = status.analysisRuns?.find((each) => each.name === name);
  return found ?? { name, analysisRun: '', phase: '' };
}

type Decided = Pick<Part<Entry>, 'status'> & Partial<Part<Entry>>;

function decided(facts: Facts, analysis: Given, before: Entry): Decided {
  const known = facts.observed.analyses.get(analysis.name) ?? { taken: [] };
  if (isCompleted(before.phase)) return { status: before };
  if (known.run) return followed(facts, before, known.run);
  if (before.analysisRun !== '') {
    // What is over does not change by what is cleaned up after it.
    if (isCompleted(facts.status.phase)) return { status: before };
    const message = `analysisruns.argoproj.io "${before.analysisRun}" not found`;
    return { status: { ...before, phase: 'Error', message } };
  }
  if (facts.isEnding) return { status: before };
  return facts.status.availableAt === undefined
    ? { status: checked(analysis, before, known) }
    : begun(facts, analysis, before, known);
}

/** Before its pods are there no run is begun, but what would keep it from that is said. */
function checked({ name, clusterScope }: Given, before: Entry, { fault }: ObservedRun): Entry {
  if (fault === undefined) return before;
  const kind = clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
  const message = `${kind} verification failed for analysis '${name}': ${fault}`;
  return { ...before, phase: 'Error', message };
}

function begun(facts: Facts, analysis: Given, before: Entry, known: ObservedRun): Decided {
  const { refused } = facts.observed.record ?? {};
  const made = refused === undefined ? madeRun(facts, analysis, known) : { fault: refused };
  if ('fault' in made) {
    const what = `Failed to create AnalysisRun for analysis '${analysis.name}'`;
    return { status: { ...before, phase: 'Error', message: `${what}: ${made.fault}` } };
  }
  const { run: object } = made;
  return {
    status: { ...before, analysisRun: nameOf(object), phase: 'Pending' },
    writes: [{ phase: 'create', do: 'create', kind: 'AnalysisRun', object }],
  };
}

/** Also while it is being terminated: what became of it is told. docs/adr/0067-how-an-experiment-ends.md */
function followed({ isEnding }: Facts, before: Entry, run: AnalysisRun): Decided {
  const { phase = '', message } = run.status ?? {};
  const status: Entry = {
    ...{ name: before.name, analysisRun: nameOf(run), phase: phase || 'Pending' },
    ...(message && { message }),
  };
  if (!isEnding || isCompleted(phase) || run.spec?.terminate) return { status };
  const ref = refOf('AnalysisRun', run);
  const end: Write = { phase: 'prune', do: 'patch', ref, patch: { spec: { terminate: true } } };
  const text = `Terminating ${before.name} (${nameOf(run)})`;
  return {
    status,
    writes: [end],
    events: [{ type: 'Normal', reason: 'AnalysisRunTerminating', message: text, ofObject: true }],
  };
}

function madeRun(
  facts: Facts,
  analysis: Given,
  { templates = [], fault, taken }: ObservedRun,
): { run: AnalysisRun } | { fault: string } {
  const { experiment } = facts;
  const { spec = {}, metadata = {} } = experiment;
  if (fault !== undefined) return { fault };
  const args = resolvedArguments(facts, analysis.args ?? []);
  if ('fault' in args) return args;
  const { dryRun = [], measurementRetention = [], analysisRunMetadata = {} } = spec;
  const whole = merged(templates, { dryRun, measurementRetention }, args.args);
  if ('fault' in whole) return whole;
  if (whole.metrics.length === 0) return { fault: 'its template has no metrics' };
  const instance = metadata.labels?.[instanceIdLabel];
  const labels = {
    ...(instance && { [instanceIdLabel]: instance }),
    ...analysisRunMetadata.labels,
  };
  return {
    run: {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: {
        // argo v1.10.1 utils/analysis/helpers.go CreateWithCollisionCounter
        name: freeName(`${nameOf(experiment)}-${analysis.name}`, taken, '.'),
        namespace: metadata.namespace ?? 'default',
        labels,
        annotations: { ...analysisRunMetadata.annotations },
        ownerReferences: [ownerReference('Experiment', experiment)],
      },
      spec: withoutEmpty(whole),
    },
  };
}

function withoutEmpty<T extends object>(lists: T): Partial<T> {
  const filled = Object.entries(lists).filter(([, list]) => (list as unknown[]).length > 0);
  return Object.fromEntries(filled) as Partial<T>;
}

function transition(before: Entry, { name, phase, message }: Entry): PlannedEvent[] {
  if (phase === before.phase || phase === '') return [];
  const text = `AnalysisRun '${name}' transitioned from ${before.phase} -> ${phase}`;
  return [
    {
      type: isUnsuccessful(phase) ? 'Warning' : 'Normal',
      reason: `AnalysisRun${phase}`,
      message: message ? `${text}: ${message}` : text,
    },
  ];
}
