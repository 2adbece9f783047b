import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { ObjectMeta, RolloutStatus } from '../../../lib/model/argo.generated.ts';
import { type Millis, secondMs, toTime } from '../../../lib/model/units.ts';
import { type Action, type RolloutScenario, rolloutScenarios } from '../../recordings/scenarios.ts';

/** What only a real control plane, or only two controllers side by side, can be asked for. */
export type ParityAction =
  | Action
  /** A line of kubectl in the scenario's namespace. */
  | { kubectl: string }
  /** A command line as people type it for each: the plugin for Argo, the CLI for Serin. */
  | { command: string };

export type Wanted = { names?: string[]; routed?: boolean };

type KubernetesObject = { metadata?: ObjectMeta };

export type ParityScenario = Omit<RolloutScenario, 'also' | 'actions'> & {
  also?: KubernetesObject[];
  /** What is there when the controller first sees the rollout, as another one has left it. */
  taken?: { status: RolloutStatus; owned: KubernetesObject[] };
  actions: ParityAction[];
};

/** What a cluster of this test has no metric server for. */
const unplayed = /^(analysis|experiment|run)-/;

/** All that can be played, with `routed` those with a router among them; or those that are named. */
export function parityScenarios({ names = [], routed = false }: Wanted = {}): ParityScenario[] {
  const text = readFileSync(new URL('scenarios.yaml', import.meta.url), 'utf8');
  const own = parseAllDocuments(text).map((document) => document.toJS() as ParityScenario);
  const all: ParityScenario[] = [...rolloutScenarios(), ...own];
  const played = all.filter(({ name }) => !unplayed.test(name));
  return played.filter(({ name }) =>
    names.length > 0 ? names.includes(name) : routed || !name.startsWith('router-'),
  );
}

/** Times of a scenario count from when it is played: `<in 20s>`. */
export function withTimes<T>(value: T, now: Millis): T {
  const text = JSON.stringify(value).replaceAll(/<in (\d+)s>/g, (_, seconds) =>
    toTime(now + Number(seconds) * secondMs),
  );
  return JSON.parse(text) as T;
}
