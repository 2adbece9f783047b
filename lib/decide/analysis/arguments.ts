import type {
  AnalysisRunArgument,
  Argument,
  ObjectMeta,
  Rollout,
} from '../../model/argo.generated.ts';
import { own } from '../../model/own.ts';

// The arguments that a rollout gives to an analysis. argo v1.10.1 utils/analysis/factory.go

/** The pod template hashes of the versions of a release. */
export type Hashes = { stable: string; latest: string };

/**
 * With the values that they have now; or why one of them has none. `isAhead`: of a run that is to begin
 * later, when fields may have a value that they do not have yet.
 */
export function givenArguments(
  args: AnalysisRunArgument[],
  rollout: Rollout,
  { isAhead = false, ...hashes }: Hashes & { isAhead?: boolean },
): { args: Argument[] } | { fault: string; index: number } {
  const resolved: Argument[] = [];
  for (const [index, arg] of args.entries()) {
    const found = textOf(arg, rollout, hashes);
    const isYetToBe = isAhead && 'isAbsent' in found;
    if ('fault' in found && !isYetToBe) return { fault: found.fault, index };
    resolved.push({ name: arg.name, value: 'fault' in found ? '' : found.value });
  }
  return { args: resolved };
}

type Found = { value: string } | { fault: string; isAbsent?: boolean };

function textOf(
  { value = '', valueFrom }: AnalysisRunArgument,
  rollout: Rollout,
  hashes: Hashes,
): Found {
  const { podTemplateHashValue, fieldRef } = valueFrom ?? {};
  if (podTemplateHashValue !== undefined) {
    const known: Record<string, string> = { Latest: hashes.latest, Stable: hashes.stable };
    return { value: own(known, podTemplateHashValue) ?? value };
  }
  if (!fieldRef) return { value };
  const { fieldPath } = fieldRef;
  const found = fieldPath.startsWith('metadata')
    ? inMetadata(rollout.metadata ?? {}, fieldPath)
    : inObject(rollout, fieldPath);
  return typeof found === 'string'
    ? { value: found }
    : { fault: `names the field ${fieldPath}, which ${found.why}`, ...found };
}

type Text = string | { why: string; isAbsent?: true };

/**
 * Names, labels and annotations as the downward API has them.
 * k8s.io/kubernetes v1.36.3 pkg/fieldpath/fieldpath.go ExtractFieldPathAsString
 */
function inMetadata(metadata: ObjectMeta, path: string): Text {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) {
    const [, field, key = ''] = keyed;
    return own(metadata[field as 'labels' | 'annotations'], key) ?? '';
  }
  const plain: Record<string, () => string> = {
    'metadata.name': () => metadata.name ?? '',
    'metadata.namespace': () => metadata.namespace ?? '',
    'metadata.uid': () => metadata.uid ?? '',
    'metadata.labels': () => asLines(metadata.labels ?? {}),
    'metadata.annotations': () => asLines(metadata.annotations ?? {}),
  };
  return (
    own(plain, path)?.() ?? { why: 'is none of metadata.name, namespace, uid, labels, annotations' }
  );
}

/** `key="value"`, in the order of the keys. */
function asLines(entries: Record<string, string>): string {
  const ordered = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return ordered.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n');
}

/** `spec.template.spec.containers[0].image`: a value that is text, a number or a truth. */
function inObject(rollout: Rollout, path: string): Text {
  let found: unknown = rollout;
  for (const section of path.split(/[.[\]]+/).filter((each) => each !== '')) {
    if (Array.isArray(found)) found = /^\d+$/.test(section) ? found[Number(section)] : undefined;
    else if (typeof found === 'object' && found !== null) {
      found = Object.hasOwn(found, section) ? found[section as keyof typeof found] : undefined;
    } else found = undefined;
    if (found === undefined || found === null) {
      return { why: 'the rollout does not have', isAbsent: true };
    }
  }
  if (typeof found === 'object') return { why: 'has no value of its own; name one within it' };
  return typeof found === 'number' ? goNumber(found) : String(found);
}

/** As Go prints a float64: with an exponent from a million on, and below a ten-thousandth. */
function goNumber(value: number): string {
  const [digits, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  const sign = power < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}
