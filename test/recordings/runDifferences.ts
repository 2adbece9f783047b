import type { Intended } from './differences.ts';

// Where a run ends differently, or says it differently.

const said = 'docs/adr/0057-a-run-says-which-limit-ended-it.md';
const wording =
  "Argo tells where in the answer its decoder stopped: that is the decoder's, not the answer's";

/** One metric that had no row of successes, and what its run ended in. */
function unreached(run: string, phase: string, [took, limit]: [number, number]): Intended[] {
  const why = `consecutiveSuccess (${took}) < consecutiveSuccessLimit (${limit})`;
  const fields = {
    message: `Metric "m" assessed ${phase} due to ${why}`,
    'runSummary.successful': '',
    [`runSummary.${phase.toLowerCase()}`]: '1',
  };
  return Object.entries(fields).map(([field, ours]) => ({
    ...{ scenario: 'run-limits-success', at: 0, field: `analysisRuns.${run}.status.${field}` },
    ...{ ours, why: said },
  }));
}

const text = 'unmarshalerDecoder: unexpected value type "string"';
const ended =
  'Metric "m" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): ' +
  `"Error Message: ${text}"`;

export const runDifferences: Intended[] = [
  ...unreached('not-reached', 'Failed', [1, 2]),
  ...unreached('with-failures', 'Inconclusive', [1, 3]),
  ...Object.entries({
    message: ended,
    'metricResults.m.message': text,
    'metricResults.m.measurements.1.message': text,
  }).map(([field, ours]) => ({
    ...{ scenario: 'run-prometheus', at: 0, field: `analysisRuns.text.status.${field}` },
    ...{ ours, why: wording },
  })),
];
