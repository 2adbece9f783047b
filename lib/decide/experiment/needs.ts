import type {
  AnalysisRun,
  Experiment,
  ReplicaSet,
  Rollout,
  Service,
} from '../../model/argo.generated.ts';
import type { Seed } from '../../model/controller.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import { instanceIdLabel } from '../../model/names.ts';
import { type Answers, type Need, okOf } from '../../model/reads.ts';
import { nameOf } from '../../model/workload.ts';
import { templatesOf } from '../analysis/templates.ts';
import { isCompleted, isEnding } from './ending.ts';
import {
  isOwn,
  type ObservedExperiment,
  type ObservedRun,
  serviceNameOf,
  setNameOf,
} from './facts.ts';
import { experimentFaults } from './validate.ts';

type ExperimentSeed = Seed<'Experiment'>;

/** How many names a run may find taken. */
const takenMax = 9;

/** What a turn of an Experiment reads. */
export function experimentNeeds(seed: ExperimentSeed, answers: Answers): Need[] {
  const { object: experiment } = seed;
  if (isLeft(seed)) return [];
  const { templates = [], analyses = [] } = experiment.spec ?? {};
  const owner = ownerRead(seed);
  const objects = [
    ...templates.map((each) => setRef(seed, setNameOf(experiment, each))),
    ...templates.flatMap((each) => {
      const name = serviceNameOf(experiment, each);
      return name === undefined ? [] : [serviceRef(seed, name)];
    }),
    ...(owner ? [owner] : []),
    ...analyses.flatMap(({ name }) => runRefs(seed, name, answers)),
  ];
  const open = analyses.flatMap((each) =>
    isOpen(seed, each.name, answers) ? templatesFor(seed, each, answers).reads : [],
  );
  return [
    ...objects.map((object): Need => ({ read: { object }, bears: 'none' })),
    ...open.map((object): Need => ({ read: { object }, bears: 'lasting' })),
  ];
}

/** Undefined until it is all answered. */
export function observedExperiment(seed: ExperimentSeed, answers: Answers): ObservedExperiment {
  const { key, object: experiment, instanceId, doorbell, record } = seed;
  const { templates = [], analyses = [] } = isLeft(seed) ? {} : (experiment.spec ?? {});
  const owner = ownerRead(seed);
  const rollout = owner && okOf(answers.object(owner));
  const sets = templates.map((each): [string, ReplicaSet | undefined] => [
    each.name,
    okOf(answers.object(setRef(seed, setNameOf(experiment, each)))),
  ]);
  const services = templates.map((each): [string, Service | undefined] => {
    const name = serviceNameOf(experiment, each);
    return [
      each.name,
      name === undefined ? undefined : okOf(answers.object(serviceRef(seed, name))),
    ];
  });
  return {
    ...{ key, experiment, instanceId, doorbell },
    sets: present(sets),
    services: present(services),
    analyses: new Map(analyses.map((each) => [each.name, observedRun(seed, each, answers)])),
    ...(rollout && { rollout: rollout as Rollout }),
    ...(record && { record }),
  };
}

function present<T>(entries: [string, T | undefined][]): Map<string, T> {
  return new Map(entries.filter((entry): entry is [string, T] => entry[1] !== undefined));
}

/** Nothing is done with it. */
function isLeft({ object, instanceId }: ExperimentSeed): boolean {
  const { metadata = {} } = object;
  const isOther = (metadata.labels?.[instanceIdLabel] ?? '') !== instanceId;
  return isOther || metadata.deletionTimestamp !== undefined || experimentFaults(object).length > 0;
}

function setRef({ key: { namespace } }: ExperimentSeed, name: string): ObjectRef<'ReplicaSet'> {
  return { kind: 'ReplicaSet', namespace, name };
}

function serviceRef({ key: { namespace } }: ExperimentSeed, name: string): ObjectRef<'Service'> {
  return { kind: 'Service', namespace, name };
}

/** The Rollout may send requests to pods that are to go. */
function ownerRead({ object, key }: ExperimentSeed): ObjectRef<'Rollout'> | undefined {
  const owner = object.metadata?.ownerReferences?.find((each) => each.kind === 'Rollout');
  const leads = object.spec?.templates?.some(({ service }) => service);
  if (!owner || !leads || !isEnding(object)) return undefined;
  return { kind: 'Rollout', namespace: key.namespace, name: owner.name };
}

type RunRef = ObjectRef<'AnalysisRun'>;

/** Its run; or, before it has one, the names that one could have, as far as they are taken. */
function runRefs(seed: ExperimentSeed, analysis: string, answers: Answers): RunRef[] {
  const entry = entryOf(seed.object, analysis);
  const { namespace } = seed.key;
  const ref = (name: string): RunRef => ({ kind: 'AnalysisRun', namespace, name });
  if (entry?.analysisRun) return isCompleted(entry.phase) ? [] : [ref(entry.analysisRun)];
  if (isCompleted(entry?.phase) || !seed.object.status?.availableAt) return [];
  const base = ref(`${nameOf(seed.object)}-${analysis}`);
  const first = okOf(answers.object(base));
  if (!first || isOwn(seed.object, first)) return [base];
  const more = Array.from({ length: takenMax }, (_, index) => ref(`${base.name}.${index + 1}`));
  return [base, ...more];
}

function foundRuns(seed: ExperimentSeed, analysis: string, answers: Answers): AnalysisRun[] {
  const answered = runRefs(seed, analysis, answers).map((ref) => okOf(answers.object(ref)));
  return answered.filter((run) => run !== undefined);
}

/** It has no run yet, and may get one. */
function isOpen(seed: ExperimentSeed, analysis: string, answers: Answers): boolean {
  const entry = entryOf(seed.object, analysis);
  if (entry?.analysisRun || isCompleted(entry?.phase) || isEnding(seed.object)) return false;
  return !foundRuns(seed, analysis, answers).some((run) => isOwn(seed.object, run));
}

function observedRun(
  seed: ExperimentSeed,
  given: Parameters<typeof templatesFor>[1],
  answers: Answers,
): ObservedRun {
  const found = foundRuns(seed, given.name, answers);
  const run = found.find((each) => isOwn(seed.object, each));
  const taken = found.filter((each) => each !== run).map(nameOf);
  if (run || !isOpen(seed, given.name, answers)) return { taken, ...(run && { run }) };
  const { found: templates, faults } = templatesFor(seed, given, answers);
  const [fault] = faults;
  return {
    taken,
    templates: templates.map(({ spec }) => spec),
    ...(fault && { fault: fault.message }),
  };
}

function templatesFor(
  { key: { namespace }, instanceId }: ExperimentSeed,
  {
    name,
    templateName,
    clusterScope,
  }: { name: string; templateName: string; clusterScope?: boolean },
  answers: Answers,
): ReturnType<typeof templatesOf> {
  const ref = { templateName, ...(clusterScope && { clusterScope }) };
  return templatesOf([ref], `spec.analyses ${name}`, { namespace, instanceId }, answers);
}

function entryOf({ status }: Experiment, analysis: string) {
  return status?.analysisRuns?.find(({ name }) => name === analysis);
}
