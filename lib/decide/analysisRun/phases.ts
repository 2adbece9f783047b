/** Of a run, a metric and a measurement. argo v1.10.1 pkg/apis/rollouts/v1alpha1/analysis_types.go */
export type EndPhase = 'Successful' | 'Inconclusive' | 'Error' | 'Failed';

/** From the best to the worst. argo v1.10.1 utils/analysis/helpers.go */
const order = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

export function isEnded(phase: string | undefined): phase is EndPhase {
  return ['Successful', 'Inconclusive', 'Error', 'Failed'].some((each) => each === phase);
}

export function isWorse(phase: string, than: string): boolean {
  return order.indexOf(phase) > Math.max(0, order.indexOf(than));
}

export function isBad(phase: string): boolean {
  return phase === 'Failed' || phase === 'Error';
}
