import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { RolloutStatus } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { type Millis, secondMs, toTime } from '../../../lib/model/units.ts';
import { type Action, type Scenario, scenarios } from '../../recordings/scenarios.ts';

/** What only a real control plane, or only two controllers side by side, can be asked for. */
export type ParityAction =
  | Action
  /** A line of kubectl in the scenario's namespace. */
  | { kubectl: string }
  /** A command line as people type it for each: the plugin for Argo, the CLI for Serin. */
  | { command: string };

export type ParityScenario = Omit<Scenario, 'actions'> & {
  /** What is there when the controller first sees the rollout, as another one has left it. */
  taken?: { status: RolloutStatus; owned: KubernetesObject[] };
  actions: ParityAction[];
};

/** All scenarios, or those that are named: `run-*` names those that begin so. */
export function parityScenarios(names: string[] = []): ParityScenario[] {
  const text = readFileSync(new URL('scenarios.yaml', import.meta.url), 'utf8');
  const own = parseAllDocuments(text).map((document) => document.toJS() as ParityScenario);
  const all: ParityScenario[] = [...scenarios(), ...own];
  return all.filter(({ name }) => names.length === 0 || names.some((each) => isNamed(name, each)));
}

function isNamed(name: string, wanted: string): boolean {
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
}

/**
 * With the addresses that it has there. Times of a scenario count from when it is played: `<in 20s>`.
 * `metrics`: the address at the server of metrics.
 */
export function placed(
  scenario: ParityScenario,
  { metrics, namespace, now }: { metrics: string; namespace: string; now: Millis },
): ParityScenario {
  const text = JSON.stringify(scenario)
    .replaceAll('METRICS', metrics)
    .replaceAll('NAMESPACE', namespace)
    .replaceAll(/<in (\d+)s>/g, (_, seconds) => toTime(now + Number(seconds) * secondMs));
  return JSON.parse(text);
}
