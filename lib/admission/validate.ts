import { unsupported, validate } from '../decide/guards/validate.ts';
import { roleFaults } from '../decide/release/roleFaults.ts';
import { faultLine, typeFaults } from '../decide/release/typeFaults.ts';
import type { Rollout } from '../model/argo.generated.ts';
import type { FieldError } from '../model/faults.ts';
import { faultList } from '../model/faults.ts';
import { withoutNulls } from '../model/nulls.ts';
import { deepEqual } from '../model/patch.ts';
import { besides, soundPart } from '../model/structure.ts';
import type { Admission, AdmittedObject, Verdict } from './review.ts';

/** kubectl shows a warning up to this length, and few of them. */
const warningLengthMax = 256;
const warningsMax = 8;

/**
 * What is said of a write: of a Rollout's faulty spec, as `serin lint` would, but for what its pods need.
 * With `enforce` a spec change that brings in a fault is refused; one that leaves a fault as it was is not.
 * Every other write passes.
 */
export function validateAdmission(
  admission: Admission,
  { enforce }: { enforce: boolean },
): Verdict {
  const { resource, subResource, operation, object, oldObject } = admission;
  const isRollout = resource.group === 'argoproj.io' && resource.resource === 'rollouts';
  const isWritten = operation === 'CREATE' || operation === 'UPDATE';
  if (!isRollout || !isWritten || subResource || !object) return { warnings: [] };
  const isSame = deepEqual(object.spec, oldObject?.spec);
  if (isSame || object.metadata.deletionTimestamp) return { warnings: [] };
  const faults = faultsOf(object);
  const known = new Set(oldObject ? faultsOf(oldObject).map(faultLine) : []);
  const added = faults.map(faultLine).filter((line) => !known.has(line));
  if (enforce && added.length > 0) return { warnings: [], denied: faultList(added.map(inShort)) };
  const path = faults.length === 0 ? unsupported(rolloutIn(object)) : undefined;
  const later = path && `${path} is right, but this version of Serin does not carry it out yet`;
  const lines = [...faults.map(faultLine), ...(later ? [later] : [])];
  const more = lines.length - (warningsMax - 1);
  const rest = `and ${more} more faults, which \`serin lint\` names`;
  const told = more > 1 ? [...lines.slice(0, warningsMax - 1), rest] : lines;
  return { warnings: told.map((line) => inShort(`Serin, ${object.metadata.name}: ${line}`)) };
}

function inShort(line: string): string {
  return line.slice(0, warningLengthMax);
}

function faultsOf(object: AdmittedObject): FieldError[] {
  const rollout = rolloutIn(object);
  const types = typeFaults(rollout);
  if (types.length === 0) return rulesFaults(rollout);
  // A value of a wrong type hides no other fault.
  const spec = soundPart('RolloutSpec', rollout.spec) as NonNullable<Rollout['spec']>;
  return [...types, ...besides(rulesFaults({ ...rollout, spec }), types)];
}

function rulesFaults(rollout: Rollout): FieldError[] {
  return [...validate(rollout), ...roleFaults(rollout)];
}

function rolloutIn(object: AdmittedObject): Rollout {
  return withoutNulls(object as Rollout);
}
