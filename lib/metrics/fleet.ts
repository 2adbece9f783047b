import type { FleetRow } from '../model/fleet.ts';
import { own } from '../model/own.ts';
import { type Family, gauge, type Labels } from './exposition.ts';
import { phases, rolloutPhases } from './objects.ts';

// What is told of the rollouts of all clusters, from their records: the names of Argo's controller, and the
// cluster as one label more.

export type FleetMetrics = {
  rows: FleetRow[];
  /** By the name of the cluster. */
  unreachable: ReadonlyMap<string, boolean>;
};

export function fleetFamilies({ rows, unreachable }: FleetMetrics): Family[] {
  const each = (value: (row: FleetRow) => number): Family['samples'] =>
    rows.map((row) => ({ labels: placeOf(row), value: value(row) }));
  return [
    gauge(
      'rollout_info',
      'Information about rollout.',
      rows.map((row) => ({
        labels: { ...placeOf(row), strategy: strategyOf(row), phase: phaseOf(row) },
        value: 1,
      })),
    ),
    gauge(
      'rollout_phase',
      'Information on the state of the rollout (DEPRECATED - use rollout_info)',
      rows.flatMap((row) => {
        const labels = { ...placeOf(row), strategy: strategyOf(row) };
        return phases(labels, rolloutPhases, phaseOf(row));
      }),
    ),
    gauge(
      'rollout_info_replicas_desired',
      'The number of desired replicas per rollout.',
      each(({ pods }) => pods.desired),
    ),
    gauge(
      'rollout_info_replicas_ready',
      'The number of ready replicas per rollout.',
      each(({ pods }) => pods.ready),
    ),
    gauge(
      'rollout_waits_for_person',
      'Somebody can move it on, and nothing does by itself.',
      each(({ needsPerson }) => (needsPerson ? 1 : 0)),
    ),
    gauge(
      'cluster_unreachable',
      'The cluster gives no answer: what is told of it is as of then.',
      [...unreachable].map(([cluster, isSo]) => ({ labels: { cluster }, value: isSo ? 1 : 0 })),
    ),
  ];
}

function placeOf({ cluster, namespace, name }: FleetRow): Labels {
  return { cluster, namespace, name };
}

function strategyOf({ strategy }: FleetRow): string {
  return { Canary: 'canary', BlueGreen: 'blueGreen', Unknown: 'none' }[strategy];
}

/** In the words of Argo's metrics, which say why one is degraded. */
function phaseOf({ phase, message }: FleetRow): string {
  if (phase === 'Healthy') return 'Completed';
  if (phase !== 'Degraded') return phase;
  const [, reason = ''] = /^(\w+)/.exec(message) ?? [];
  return own(degraded, reason) ?? 'Error';
}

const degraded: Record<string, string> = {
  RolloutAborted: 'Abort',
  InvalidSpec: 'InvalidSpec',
  ProgressDeadlineExceeded: 'Timeout',
};
