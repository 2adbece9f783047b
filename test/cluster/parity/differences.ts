import type { Difference } from '../../recordings/compare.ts';

/** Where Serin is meant to be another than Argo, and what says why. */
type Intended = { scenario: string; field: RegExp; why: string };

const intended: Intended[] = [
  {
    scenario: 'invalid-then-fixed-weight',
    field: /^(status\.message|get\.Message:)$/,
    why: 'the words of a fault are ours: they say what to write instead (lib/decide/validate.ts)',
  },
  ...['workload-progressively', 'workload-onsuccess'].map((scenario) => ({
    scenario,
    field: /^replicaSets\.r\d\.annotations\.rollout\.argoproj\.io\/revision-history$/,
    why: 'ADR 16: a revision is noted as one of the past once it is past',
  })),
];

export function isIntended(scenario: string, { field }: Difference): boolean {
  return intended.some((each) => each.scenario === scenario && each.field.test(field));
}
