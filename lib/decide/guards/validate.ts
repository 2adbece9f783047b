import type {
  AntiAffinity,
  BlueGreenStrategy,
  CanaryStrategy,
  LabelSelector,
  LabelSelectorRequirement,
  Rollout,
  RolloutSpec,
} from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { hashLabel } from '../../model/names.ts';
import { own } from '../../model/own.ts';
import { perObject } from '../../model/perObject.ts';
import { hasTemplate } from '../../model/reference.ts';
import { isLabelKey, isLabelValue } from '../../model/syntax.ts';
import { argumentFaults, givenFaults } from '../release/analyses.ts';
import { isMatch } from '../release/selector.ts';
import { checkFenceposts } from '../release/typeFaults.ts';
import { unsupportedField, validateStep } from '../steps/kinds.ts';
import { unknownRouter } from '../traffic/routed.ts';
import { routingFaults } from '../traffic/validate.ts';

type Check = (spec: RolloutSpec) => FieldError[];

/**
 * Faults in what a structurally sound rollout means, in the order of the spec. The rules are the
 * peer's, the words ours; a template's finer points are the API server's to judge, in a dry run.
 * argo v1.10.1 pkg/apis/rollouts/validation/validation.go
 */
export function validate({ spec = noSpec }: Rollout): readonly FieldError[] {
  return faultsOf(spec);
}

const noSpec: RolloutSpec = {};
const faultsOf = perObject((spec: RolloutSpec) =>
  [checkNumbers, checkSelector, checkTemplate, checkStrategy].flatMap((check: Check) =>
    check(spec),
  ),
);

function checkNumbers(spec: RolloutSpec): FieldError[] {
  const faults: FieldError[] = [];
  const fields = [
    'replicas',
    'minReadySeconds',
    'revisionHistoryLimit',
    'progressDeadlineSeconds',
  ] as const;
  for (const field of fields) {
    const value = spec[field] ?? 0;
    if (value < 0) faults.push(...fieldError(`spec.${field}`, `must be 0 or more, not ${value}`));
  }
  const deadline = spec.progressDeadlineSeconds ?? 600;
  const minReady = spec.minReadySeconds ?? 0;
  if (deadline >= 0 && deadline <= minReady) {
    const message = `must be greater than minReadySeconds (${minReady}), not ${deadline}`;
    faults.push(...fieldError('spec.progressDeadlineSeconds', message));
  }
  return faults;
}

function checkSelector(spec: RolloutSpec): FieldError[] {
  if (spec.workloadRef && !spec.selector) return [];
  if (!spec.selector) {
    return fieldError(
      'spec.selector',
      'is missing; name the labels of the template, e.g. matchLabels',
    );
  }
  const { matchLabels = {}, matchExpressions = [] } = spec.selector;
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    return fieldError(
      'spec.selector',
      'is empty and would select every pod; name at least one label',
    );
  }
  const faults = [
    ...Object.entries(matchLabels).flatMap(([key, value]) =>
      checkLabel('spec.selector.matchLabels', key, [value]),
    ),
    ...checkExpressions(spec.selector),
  ];
  if (faults.length > 0 || spec.workloadRef) return faults;
  const labels = spec.template?.metadata?.labels ?? {};
  const missing = Object.entries(matchLabels).find(([key, value]) => own(labels, key) !== value);
  if (!missing) return matchExpressions.flatMap((each, index) => checkMatch(each, labels, index));
  const [key, value] = missing;
  const given = own(labels, key);
  const has = given === undefined ? 'does not have it' : `has ${key}=${given}`;
  const message = `must carry what spec.selector asks for: ${key}=${value}; the template ${has}`;
  return fieldError('spec.template.metadata.labels', message);
}

function checkMatch(
  requirement: LabelSelectorRequirement,
  labels: Record<string, string>,
  index: number,
): FieldError[] {
  const message = `must match spec.selector.matchExpressions[${index}]; the template does not`;
  return isMatch(requirement, own(labels, requirement.key))
    ? []
    : fieldError('spec.template.metadata.labels', message);
}

function checkExpressions(selector: LabelSelector): FieldError[] {
  return (selector.matchExpressions ?? []).flatMap((expression, index) => {
    const path = `spec.selector.matchExpressions[${index}]`;
    const { key, operator, values = [] } = expression;
    const label = checkLabel(path, key, values);
    if (label.length > 0) return label;
    if (operator === 'In' || operator === 'NotIn') {
      return values.length > 0
        ? []
        : fieldError(`${path}.values`, `must not be empty for ${operator}`);
    }
    if (operator === 'Exists' || operator === 'DoesNotExist') {
      return values.length === 0
        ? []
        : fieldError(`${path}.values`, `must be empty for ${operator}`);
    }
    const known = 'In, NotIn, Exists or DoesNotExist';
    return fieldError(`${path}.operator`, `must be ${known}, not ${JSON.stringify(operator)}`);
  });
}

function checkLabel(path: string, key: string, values: string[]): FieldError[] {
  if (key === hashLabel) {
    return fieldError(path, `must not name ${key}, of which each version gets its own`);
  }
  if (!isLabelKey(key)) {
    return fieldError(path, `has a key that no label can have: ${key.slice(0, 80)}`);
  }
  const wrong = values.find((value) => !isLabelValue(value));
  if (wrong === undefined) return [];
  return fieldError(path, `asks ${key} for a value that no label can have: ${wrong.slice(0, 80)}`);
}

function checkTemplate(spec: RolloutSpec): FieldError[] {
  if (spec.workloadRef) {
    return hasTemplate(spec.template)
      ? fieldError(
          'spec.template',
          'must be empty for workload reference rollout; remove one of the two',
        )
      : [];
  }
  const containers = spec.template?.spec?.containers ?? [];
  const path = 'spec.template.spec';
  if (containers.length === 0) {
    return fieldError(`${path}.containers`, 'must name at least one container');
  }
  const faults = containers.flatMap((container, index) => [
    ...(container.name ? [] : fieldError(`${path}.containers[${index}].name`, 'is missing')),
    ...(container.image ? [] : fieldError(`${path}.containers[${index}].image`, 'is missing')),
  ]);
  const policy = spec.template?.spec?.restartPolicy;
  if (policy && policy !== 'Always') {
    faults.push(...fieldError(`${path}.restartPolicy`, `must be Always, not ${policy}`));
  }
  return faults;
}

function checkStrategy(spec: RolloutSpec): FieldError[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  if (canary && blueGreen) {
    return fieldError('spec.strategy', 'must be canary or blueGreen, not both; remove one');
  }
  if (!canary && !blueGreen) return fieldError('spec.strategy', 'must name canary or blueGreen');
  return canary ? checkCanary(canary) : checkBlueGreen(spec, blueGreen);
}

function checkBlueGreen(
  spec: RolloutSpec,
  { activeService, previewService, ...more }: BlueGreenStrategy = { activeService: '' },
): FieldError[] {
  const path = 'spec.strategy.blueGreen';
  const faults: FieldError[] = [];
  if (!activeService) {
    faults.push(
      ...fieldError(`${path}.activeService`, 'is missing; name the Service with the traffic'),
    );
  } else if (activeService === previewService) {
    const message = 'must be another Service than previewService';
    faults.push(...fieldError(`${path}.activeService`, message));
  }
  for (const field of counted) {
    const value = more[field] ?? 0;
    if (value < 0)
      faults.push(...fieldError(`${path}.${field}`, `must be 0 or more, not ${value}`));
  }
  const history = spec.revisionHistoryLimit ?? 10;
  const kept = more.scaleDownDelayRevisionLimit ?? 0;
  if (kept > history) {
    const message = `must be at most revisionHistoryLimit (${history}), not ${kept}`;
    faults.push(...fieldError(`${path}.scaleDownDelayRevisionLimit`, message));
  }
  for (const field of ['prePromotionAnalysis', 'postPromotionAnalysis'] as const) {
    const given = more[field] ? givenFaults(more[field], `${path}.${field}`) : [];
    for (const fault of given) faults.push(fault);
  }
  return [...faults, ...checkAntiAffinity(more.antiAffinity, `${path}.antiAffinity`)];
}

const counted = [
  'previewReplicaCount',
  'autoPromotionSeconds',
  'scaleDownDelaySeconds',
  'scaleDownDelayRevisionLimit',
  'abortScaleDownDelaySeconds',
] as const;

function checkCanary(canary: CanaryStrategy): FieldError[] {
  const path = 'spec.strategy.canary';
  const faults = [
    ...checkFenceposts(canary, path),
    ...(canary.steps ?? []).flatMap((step, index) =>
      validateStep(step, `${path}.steps[${index}]`, canary),
    ),
    ...argumentFaults(canary.analysis?.args ?? [], `${path}.analysis`),
    ...checkAntiAffinity(canary.antiAffinity, `${path}.antiAffinity`),
  ];
  if (canary.stableService && canary.stableService === canary.canaryService) {
    const message = 'must be another Service than canaryService';
    faults.push(...fieldError(`${path}.stableService`, message));
  }
  return [...faults, ...routingFaults(canary)];
}

function checkAntiAffinity(antiAffinity: AntiAffinity | undefined, path: string): FieldError[] {
  if (!antiAffinity) return [];
  const preferred = antiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
  const required = antiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  if (Boolean(preferred) === Boolean(required)) {
    return fieldError(path, 'must name exactly one of the preferred and the required rule');
  }
  const weight = preferred ? (preferred.weight ?? 0) : 1;
  return weight >= 1 && weight <= 100
    ? []
    : fieldError(
        `${path}.preferredDuringSchedulingIgnoredDuringExecution.weight`,
        `must be between 1 and 100, not ${weight}`,
      );
}

/** What this version of Serin does not carry out yet; such a rollout is left as it is. */
export function unsupported(rollout: Rollout): string | undefined {
  const spec = rollout.spec ?? {};
  const canary = spec.strategy?.canary;
  const router = canary?.trafficRouting && unknownRouter(canary.trafficRouting);
  if (router !== undefined) return `spec.strategy.canary.trafficRouting.${router}`;
  for (const [index, step] of (canary?.steps ?? []).entries()) {
    const field = unsupportedField(step);
    if (field) return `spec.strategy.canary.steps[${index}].${field}`;
  }
  return undefined;
}
