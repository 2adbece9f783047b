import { madeOf } from '../../lib/decide/analysis/check.ts';
import { templatesOf } from '../../lib/decide/analysis/templates.ts';
import { analysesOf } from '../../lib/decide/release/analyses.ts';
import { serviceFaults } from '../../lib/decide/strategy/services.ts';
import { namespaceOf } from '../../lib/decide/traffic/objects.ts';
import { routersIn } from '../../lib/decide/traffic/routed.ts';
import { NotFound } from '../../lib/errors.ts';
import type { Rollout, Service } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import type { ObjectRef } from '../../lib/model/kinds.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import {
  type Answer,
  type Answers,
  type ListRead,
  type Need,
  okOf,
  type Read,
} from '../../lib/model/reads.ts';
import {
  referenceOf,
  serviceFields,
  templateOf,
  type WorkloadObject,
} from '../../lib/model/reference.ts';
import { asking } from '../../lib/observe/ask.ts';
import type { ReadableCluster } from '../../lib/world.ts';
import { type BlueGreenNote, blueGreenNotes } from './blueGreenNotes.ts';
import { heldIn } from './held.ts';

// Whether the objects that a Rollout names exist, and are such as its routers need. What the same manifests
// hold counts as being there: it is applied together with the Rollout.

/** `notes`: what could not be looked at, for want of a right. */
export type NamedFaults = { faults: FieldError[]; notes: (FieldError | BlueGreenNote)[] };

/** At most that many rounds: a read may depend on what another one found. */
const roundsMax = 4;

export async function namedFaults(
  live: ReadableCluster,
  rollout: Rollout,
  manifests: readonly unknown[],
): Promise<NamedFaults> {
  const get: ReadableCluster['get'] = async (ref) =>
    heldIn(manifests, ref, rollout) ?? (await live.get(ref));
  const { answers, ask } = asking({
    cluster: { ...unwritable, get, list: live.list },
    ...{ aws: unasked, http: unasked, secrets: unasked, endsAt: Number.POSITIVE_INFINITY },
  });
  for (let round = 0; round < roundsMax; round += 1) {
    if (!(await ask(needsOf(rollout, answers)))) break;
  }
  const told = [
    servicesTold(rollout, answers),
    workloadTold(rollout, answers),
    templatesTold(rollout, answers),
    balancedTold(rollout, answers, manifests),
    ...routersIn(rollout, answers).map(({ router, routed }): NamedFaults => {
      const faults = router.check(routed);
      const isSeen = router.needs(routed).every(({ read }) => !isFailed(answers.to(read)));
      return isSeen ? { faults, notes: [] } : { faults: [], notes: faults };
    }),
  ];
  return {
    faults: told.flatMap(({ faults }) => faults),
    notes: told.flatMap(({ notes }) => notes),
  };
}

/** Nothing is written, and nothing tried. */
const unwritable = {
  doorbell: false,
  create: refuse,
  patch: refuse,
  remove: refuse,
  evict: refuse,
};

function unasked(): Promise<never> {
  return Promise.reject(new NotFound('only the cluster is asked'));
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('lint writes nothing'));
}

function needsOf(rollout: Rollout, answers: Answers): Need[] {
  const workload = workloadOf(rollout);
  const reads: Read[] = [
    ...serviceFields(rollout).map(([, name]) => ({ object: serviceRef(rollout, name) })),
    ...(workload ? [{ object: workload }] : []),
    ...templateReads(rollout, answers),
  ];
  if (rollout.spec?.strategy?.blueGreen) reads.push(ingressesOf(rollout));
  return [
    ...reads.map((read): Need => ({ read, bears: 'all' })),
    ...routersIn(rollout, answers).flatMap(({ router, routed }) => router.needs(routed)),
  ];
}

function placeOf({ metadata }: Rollout) {
  return {
    namespace: metadata?.namespace ?? 'default',
    instanceId: metadata?.labels?.[instanceIdLabel] ?? '',
  };
}

/** Of its analyses, and those that their templates name. */
function templateReads(rollout: Rollout, answers: Answers): Read[] {
  return analysesOf(rollout).flatMap(({ given, path }) => {
    const { reads } = templatesOf(given.templates ?? [], path, placeOf(rollout), answers);
    return reads.map((object) => ({ object }));
  });
}

/** What a release would be held up by: docs/adr/0063-when-templates-are-looked-at.md */
function templatesTold(rollout: Rollout, answers: Answers): NamedFaults {
  const isUnread = templateReads(rollout, answers).some((read) => isFailed(answers.to(read)));
  const hashes = { stable: 'stable', latest: 'latest' };
  const given = { place: placeOf(rollout), answers, hashes, isAhead: true };
  const faults = analysesOf(rollout).flatMap((analysis) => {
    const made = madeOf(analysis, rollout, given);
    return made && 'faults' in made ? made.faults : [];
  });
  return isUnread ? { faults: [], notes: faults } : { faults, notes: [] };
}

function ingressesOf(rollout: Rollout): ListRead<'Ingress'> {
  return { list: 'Ingress', namespace: namespaceOf(rollout) };
}

/** What the cluster alone tells. Whoever may not list Ingresses is told nothing. */
function balancedTold(
  rollout: Rollout,
  answers: Answers,
  manifests: readonly unknown[],
): NamedFaults {
  const value = { ...rollout, kind: 'Rollout' };
  if (blueGreenNotes(value, manifests).length > 0) return { faults: [], notes: [] };
  const ingresses = okOf(answers.list(ingressesOf(rollout))) ?? [];
  const seen = ingresses.map((ingress) => ({ ...ingress, kind: 'Ingress' }));
  return { faults: [], notes: blueGreenNotes(value, seen) };
}

function serviceRef(rollout: Rollout, name: string): ObjectRef<'Service'> {
  return { kind: 'Service', namespace: namespaceOf(rollout), name };
}

function workloadOf(rollout: Rollout): ObjectRef | undefined {
  const found = referenceOf(rollout);
  if (!found || 'fault' in found) return undefined;
  return { ...found, namespace: namespaceOf(rollout) };
}

function isFailed(answer: Answer | undefined): boolean {
  return answer !== undefined && 'failed' in answer;
}

function servicesTold(rollout: Rollout, answers: Answers): NamedFaults {
  const named = serviceFields(rollout).map(([path, name]) => {
    const answer = answers.object(serviceRef(rollout, name));
    return { path, name, answer };
  });
  const notes = named.flatMap(({ path, name, answer }) =>
    answer && 'failed' in answer
      ? [{ path, message: `names the Service ${name}, which cannot be read: ${answer.failed}` }]
      : [],
  );
  const services: Record<string, Service | null> = Object.fromEntries(
    named.map(({ name, answer }) => [name, okOf(answer) ?? null]),
  );
  const unread = new Set(notes.map(({ path }) => path));
  const templated = withTemplate(rollout, answers);
  const missing = new Set(
    named.flatMap(({ path, name }) => (services[name] === null ? [path] : [])),
  );
  const faults = serviceFaults({ rollout: templated ?? rollout, services }).filter(
    ({ path }) => !unread.has(path) && (templated !== undefined || missing.has(path)),
  );
  return { faults, notes };
}

/** With the template of its workload, by which Services select pods; undefined where that is not known. */
function withTemplate(rollout: Rollout, answers: Answers): Rollout | undefined {
  const workload = workloadOf(rollout);
  if (!workload) return rollout;
  const object = okOf(answers.object(workload)) as WorkloadObject | undefined;
  return object && { ...rollout, spec: { ...rollout.spec, template: templateOf(object) } };
}

function workloadTold(rollout: Rollout, answers: Answers): NamedFaults {
  const ref = workloadOf(rollout);
  const answer = ref && answers.object(ref);
  const path = 'spec.workloadRef.name';
  const what = `names the ${ref?.kind} ${ref?.name}, which`;
  if (!answer || 'ok' in answer) return { faults: [], notes: [] };
  return 'failed' in answer
    ? { faults: [], notes: [{ path, message: `${what} cannot be read: ${answer.failed}` }] }
    : { faults: [{ path, message: `${what} does not exist; create it` }], notes: [] };
}
