import type {
  ObjectMeta,
  PodTemplateMetadata,
  ReplicaSet,
  Rollout,
} from '../../model/argo.generated.ts';
import { podTemplateHash } from '../../model/hash.ts';
import { ephemeralMetadataAnnotation, replacedMetadataAnnotation } from '../../model/names.ts';
import { own } from '../../model/own.ts';
import { diffMergePatch } from '../../model/patch.ts';
import type { MergePatch } from '../../model/plan.ts';
import { annotationOf, podHashOf } from '../../model/workload.ts';

// Labels and annotations that pods carry for being canary or stable, and what their template has under the
// same names: that is given back when a role ends. docs/adr/0024-metadata-given-back.md

export type Injected = PodTemplateMetadata | undefined;
type Part = 'labels' | 'annotations';
const parts: Part[] = ['labels', 'annotations'];

/** What the spec wants the pods of either role to carry. */
export function rolesMetadata({ spec }: Rollout): { stable: Injected; next: Injected } {
  const { canary, blueGreen } = spec?.strategy ?? {};
  return {
    stable: canary?.stableMetadata ?? blueGreen?.activeMetadata,
    next: canary?.canaryMetadata ?? blueGreen?.previewMetadata,
  };
}

/** Labels and annotations that were put into a ReplicaSet's pods for its role, as it remembers. */
export function injectedMetadata(set: ReplicaSet): Injected {
  return noted(set, ephemeralMetadataAnnotation);
}

function noted(set: ReplicaSet, annotation: string): Injected {
  const text = annotationOf(set, annotation);
  if (text === undefined) return undefined;
  try {
    const { labels, annotations } = (JSON.parse(text) ?? {}) as PodTemplateMetadata;
    return { labels: texts(labels), annotations: texts(annotations) };
  } catch {
    return undefined; // Not ours to repair: treated as nothing injected, as the peer does.
  }
}

/** Anybody may have written it. */
function texts(value: unknown): Record<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter(([, text]) => typeof text === 'string'));
}

function entry(metadata: Injected | ObjectMeta, part: Part, name: string): string | undefined {
  const entries = metadata?.[part] ?? {};
  return own(entries, name);
}

/**
 * What the ReplicaSet's template has of its own under a name, as far as it can be known: from the rollout, if
 * it is of this template; from Serin's note; from the template itself, while nothing was put over it; for
 * labels from those of the ReplicaSet, which it got when it was made. Of an annotation that Argo has put
 * something over nobody knows; most likely it is that of the rollout.
 */
function ownValue(set: ReplicaSet, rollout: Rollout, part: Part, name: string): string | undefined {
  const { template } = rollout.spec ?? {};
  const hash = podTemplateHash(template, rollout.status?.collisionCount);
  if (podHashOf(set) === hash) return entry(template?.metadata, part, name);
  const replaced = entry(noted(set, replacedMetadataAnnotation), part, name);
  if (replaced !== undefined) return replaced;
  const isInjected = entry(injectedMetadata(set), part, name) !== undefined;
  const present = entry(set.spec?.template?.metadata, part, name);
  if (!isInjected && present !== undefined) return present;
  if (part === 'labels') {
    return own(set.spec?.selector?.matchLabels, name) ?? entry(set.metadata, part, name);
  }
  return isInjected ? entry(template?.metadata, part, name) : undefined;
}

/** Every name that a role has to do with: what the spec has, and what was put in before. */
function namesOf(set: ReplicaSet, rollout: Rollout, part: Part): Set<string> {
  const { stable, next } = rolesMetadata(rollout);
  const replaced = noted(set, replacedMetadataAnnotation);
  const all = [stable, next, injectedMetadata(set), replaced];
  return new Set(all.flatMap((each) => Object.keys(each?.[part] ?? {})));
}

/**
 * Metadata of a ReplicaSet's template, or of one of its pods, as it is to be in a role, or in none. What
 * somebody else put there stays.
 */
export function withRole(
  metadata: ObjectMeta,
  set: ReplicaSet,
  rollout: Rollout,
  wanted: Injected,
): ObjectMeta {
  const settled = parts.flatMap((part) => {
    const entries = { ...metadata[part] };
    for (const name of namesOf(set, rollout, part)) {
      const value =
        entry(wanted, part, name) ?? withoutRole(metadata, { set, rollout }, part, name);
      if (value === undefined) delete entries[name];
      else entries[name] = value;
    }
    return metadata[part] || Object.keys(entries).length > 0 ? [[part, entries] as const] : [];
  });
  return { ...metadata, ...Object.fromEntries(settled) };
}

function withoutRole(
  metadata: ObjectMeta,
  { set, rollout }: { set: ReplicaSet; rollout: Rollout },
  part: Part,
  name: string,
): string | undefined {
  const present = entry(metadata, part, name);
  const { stable, next } = rolesMetadata(rollout);
  // A pod may have the metadata of a role that its ReplicaSet has left: its own patch failed then.
  const isOurs =
    entry(injectedMetadata(set), part, name) !== undefined ||
    [stable, next].some((role) => role !== undefined && entry(role, part, name) === present);
  return present === undefined || isOurs ? ownValue(set, rollout, part, name) : present;
}

/** The metadata of a ReplicaSet's template without that of a role. */
export function ownMetadata(set: ReplicaSet, rollout: Rollout): ObjectMeta {
  return withRole(set.spec?.template?.metadata ?? {}, set, rollout, undefined);
}

/** What to change in a ReplicaSet so that its new pods carry the wanted metadata. */
export function metadataPatch(
  set: ReplicaSet,
  rollout: Rollout,
  wanted: Injected,
): MergePatch | undefined {
  const metadata = set.spec?.template?.metadata ?? {};
  const after = withRole(metadata, set, rollout, wanted);
  const template = diffMergePatch(metadata, after);
  if (template === undefined) return undefined;
  const own = (part: Part, name: string) => ownValue(set, rollout, part, name);
  // Argo takes off what is noted here: not what the template has itself.
  const injected = filtered(wanted, (part, name, value) =>
    own(part, name) === value ? undefined : value,
  );
  const replaced = filtered(injected, own);
  const known = annotationOf(set, replacedMetadataAnnotation);
  const note = replaced === undefined ? null : JSON.stringify(replaced);
  return {
    metadata: {
      annotations: {
        [ephemeralMetadataAnnotation]: injected === undefined ? null : JSON.stringify(injected),
        ...((note !== null || known !== undefined) && { [replacedMetadataAnnotation]: note }),
      },
    },
    spec: { template: { metadata: template } },
  };
}

type Choice = (part: Part, name: string, value: string) => string | undefined;

/** The same names with the values chosen; undefined when none is left. */
function filtered(metadata: Injected, choice: Choice): Injected {
  const left = Object.entries(metadata ?? {}).flatMap(([part, entries]) => {
    const chosen = Object.entries(entries as Record<string, string>).flatMap(([name, value]) => {
      const instead = choice(part as Part, name, value);
      return instead === undefined ? [] : [[name, instead] as const];
    });
    return chosen.length > 0 ? [[part, Object.fromEntries(chosen)] as const] : [];
  });
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}
