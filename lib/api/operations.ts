import { verbNames, verbs } from '../commands/verbs.ts';
import type { Verb } from '../model/intent.ts';
import type { answers } from './answerSchemas.ts';
import { queries } from './requestSchemas.ts';

/** One operation of the API. The routes and the OpenAPI document are both made from this table. */
export type Operation = {
  method: 'GET' | 'POST';
  path: string;
  summary: string;
  query: (typeof queries)[keyof typeof queries];
  /** For a command: which. Its body's schema goes by the verb. */
  verb?: Verb;
  /** For policies it is of the namespace, not of a rollout; `action`: what it takes beside reading. */
  ofNamespace?: { action?: 'tryAnalysis' };
  answer: keyof typeof answers | 'document' | 'metrics';
};

const rolloutsPath = '/v1/clusters/{cluster}/namespaces/{namespace}/rollouts';
const rolloutPath = `${rolloutsPath}/{name}`;

const reads = {
  openapi: {
    path: '/v1/openapi.json',
    summary: 'This document.',
    query: queries.none,
    answer: 'document',
  },
  me: {
    path: '/v1/me',
    summary: 'Who sends this request, as policies and the ledger know them.',
    query: queries.none,
    answer: 'me',
  },
  fleet: {
    path: '/v1/rollouts',
    summary:
      'The rollouts of all clusters that the caller may read, by cluster, namespace and name.',
    query: queries.fleet,
    answer: 'fleet',
  },
  metrics: {
    path: '/v1/metrics',
    summary: 'The same for a Prometheus, in its text format.',
    query: queries.none,
    answer: 'metrics',
  },
  clusters: {
    path: '/v1/clusters',
    summary: 'The clusters of which the caller may read anything, and which of them do not answer.',
    query: queries.none,
    answer: 'clusters',
  },
  list: {
    path: rolloutsPath,
    summary: 'The rollouts of a namespace as Serin last saw them, by name.',
    query: queries.page,
    answer: 'rollouts',
  },
  get: {
    path: rolloutPath,
    summary: 'A rollout, its revisions and why it waits.',
    query: queries.look,
    answer: 'rollout',
  },
  history: {
    path: `${rolloutPath}/history`,
    summary: 'The ledger: what happened, who did it and why.',
    query: queries.page,
    answer: 'history',
  },
  explain: {
    path: `${rolloutPath}/explain`,
    summary: 'What the rollout waits for, since, until, and what would unblock it.',
    query: queries.look,
    answer: 'explanation',
  },
  timeline: {
    path: `${rolloutPath}/timeline`,
    summary: 'The weights of a canary over the time of one release, as the ledger tells of them.',
    query: queries.timeline,
    answer: 'timeline',
  },
  command: {
    path: `${rolloutPath}/commands/{id}`,
    summary: 'A command and what became of it. The last few of a rollout are kept.',
    query: queries.none,
    answer: 'command',
  },
} as const;

const namespacePath = '/v1/clusters/{cluster}/namespaces/{namespace}';

const others = {
  listAnalysisRuns: {
    method: 'GET',
    path: `${namespacePath}/analysisruns`,
    summary: 'The analysis runs of a namespace that no rollout owns, oldest first.',
    query: queries.none,
    ofNamespace: {},
    answer: 'analysisRuns',
  },
  getAnalysisRun: {
    method: 'GET',
    path: `${namespacePath}/analysisruns/{name}`,
    summary: 'One of them, with its measurements.',
    query: queries.none,
    ofNamespace: {},
    answer: 'analysisRuns',
  },
  tryAnalysis: {
    method: 'POST',
    path: `${namespacePath}/analysistemplates/{name}/try`,
    summary: 'Measures each metric of a template in the cluster once, now. Nothing is written.',
    query: queries.none,
    ofNamespace: { action: 'tryAnalysis' },
    answer: 'tried',
  },
} as const;

export type ReadId = keyof typeof reads | keyof typeof others;
export type OperationId = ReadId | Verb;

function commandOperation(verb: Verb): [string, Operation] {
  const path = `${rolloutPath}/${verb}`;
  const { summary } = verbs[verb];
  return [verb, { method: 'POST', path, summary, query: queries.none, verb, answer: 'command' }];
}

export const operations = Object.fromEntries([
  ...Object.entries(reads).map(([id, read]) => [id, { method: 'GET', ...read }] as const),
  ...Object.entries(others),
  ...verbNames.map(commandOperation),
]) as Record<OperationId, Operation>;
