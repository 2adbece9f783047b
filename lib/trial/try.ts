import { madeOf } from '../decide/analysis/check.ts';
import { askedOf, secretNeeds, secretsIn } from '../decide/analysisRun/asked.ts';
import type { Gathered } from '../decide/analysisRun/gathered.ts';
import { measurementOf } from '../decide/analysisRun/judge.ts';
import type { Measured } from '../decide/analysisRun/providers/provider.ts';
import { providerOf } from '../decide/analysisRun/providers/providers.ts';
import { masked } from '../decide/analysisRun/secrets.ts';
import { shownMetrics } from '../decide/analysisRun/told.ts';
import { metricFault } from '../decide/analysisRun/validate.ts';
import { Terminal, Transient } from '../errors.ts';
import { evaluate } from '../expr/condition.ts';
import type { AnalysisTemplate, AnalysisTemplateRef, Metric } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import type { Tried } from '../model/inquiry.ts';
import { type Answers, answersIn, type Need, readKey } from '../model/reads.ts';
import type { Millis } from '../model/units.ts';
import { asking } from '../observe/ask.ts';
import { everyText } from '../view/words.ts';
import type { Noted } from './noted.ts';

/** A template that is known without asking the cluster. */
export type KnownTemplate = AnalysisTemplate & {
  kind: 'AnalysisTemplate' | 'ClusterAnalysisTemplate';
};

export type Trial = {
  templates: KnownTemplate[];
  /** Those that are meant. */
  refs: AnalysisTemplateRef[];
  args: Record<string, string>;
  namespace: string;
  /** One alone. */
  metric?: string;
  now: () => Millis;
};

/** A round of reads for each template within a template, and for what a provider asks of a Secret. */
const roundsMax = 8;

/** Each metric of the templates, measured once; or what keeps them from being measured. */
export async function tryMetrics(
  trial: Trial,
  outside: Noted,
): Promise<{ tried: Tried[] } | { faults: string[] }> {
  const { namespace, refs, metric: only } = trial;
  const given = Object.entries(trial.args).map(([name, value]) => ({ name, value }));
  // What matters in a rollout alone, such as a metric without an end, is no fault here.
  const analysis = {
    type: 'Background' as const,
    path: '',
    given: { templates: refs, args: given },
  };
  const made = await whole(trial, outside, (answers) =>
    madeOf(analysis, {}, { place: { namespace, instanceId: '' }, answers, hashes, isAhead: false }),
  );
  if ('faults' in made) {
    return { faults: made.faults.map(({ message }) => `the analysis ${message}`) };
  }
  const { metrics, args } = made.merged;
  const metadata = { name: 'try', namespace, uid: 'try' };
  const object = { metadata, spec: { metrics, args }, status: { phase: 'Running' } };
  const tried: Tried[] = [];
  for (const [index, shown] of shownMetrics(object).entries()) {
    if (only !== undefined && shown.name !== only) continue;
    const { exchanges } = outside.begin();
    const told = await measured(object, { index, shown, now: trial.now() }, outside);
    const secrets = outside.secrets();
    tried.push(everyText({ ...told, asked: exchanges }, (text) => masked(text, secrets)));
  }
  return { tried };
}

const hashes = { stable: '', latest: '' };

/** What the templates make, once all that they name is read. */
async function whole<T>(
  { templates, namespace }: Trial,
  outside: Noted,
  make: (answers: Answers) => T | undefined,
): Promise<T> {
  const own = new Map(
    templates.map((template) => {
      const { kind, metadata } = template;
      const place = kind === 'AnalysisTemplate' ? namespace : '';
      const object = { kind, namespace: place, name: metadata?.name ?? '' };
      return [readKey({ object }), { ok: template }] as const;
    }),
  );
  const held = answersIn(own);
  const { answers, ask } = asking(outside.sources);
  for (let round = 0; round < roundsMax; round += 1) {
    const wanted: Need[] = [];
    const known: Answers = {
      ...answers,
      object: (ref) => {
        const answer = held.object(ref) ?? answers.object(ref);
        if (answer === undefined) wanted.push({ read: { object: ref }, bears: 'all' });
        return answer;
      },
    };
    const result = make(known);
    if (result !== undefined) return result;
    await ask(wanted);
  }
  throw new Error('There is more to read of the templates');
}

type Run = Gathered['seed']['object'];

async function measured(
  object: Run,
  { index, shown, now }: { index: number; shown: Metric; now: Millis },
  outside: Noted,
): Promise<Omit<Tried, 'asked'>> {
  const provider = providerOf(shown);
  const said = { metric: shown.name, provider: provider?.name ?? 'no provider', conditions: [] };
  const wrong = metricFault({ ...shown, ...withoutLimits });
  if (provider === undefined || wrong !== undefined) {
    return { ...said, phase: 'Error', message: wrong ?? 'no provider specified' };
  }
  if (provider.name === 'job') {
    const message = 'a Job is not created here, so nothing was measured';
    return { ...said, phase: 'Inconclusive', message };
  }
  const { answers, ask } = asking(outside.sources);
  const key = {
    cluster: 'local',
    kind: 'AnalysisRun' as const,
    namespace: object.metadata?.namespace ?? '',
    name: 'try',
  };
  const seed = { key, object, instanceId: '', doorbell: false, withPods: false };
  const gathered: Gathered = { seed, answers };
  try {
    await ask(secretNeeds(gathered));
    const found = secretsIn(gathered) ?? { secrets: new Map<string, string>() };
    if ('message' in found) return { ...said, phase: 'Error', message: found.message };
    outside.keepSecret(...found.secrets.values());
    const due = { index, metric: shown, result: undefined, ends: false };
    const asked = askedOf(gathered, due, { ...found, now });
    if ('message' in asked) return { ...said, phase: 'Error', message: asked.message };
    for (let round = 0; round < roundsMax; round += 1) {
      if (!(await ask(provider.needs(asked, answers)))) break;
    }
    const taken = provider.measured(asked, answers);
    if (taken === undefined) throw new Error('A measurement was not told all that it needs');
    const { phase, message = '' } = measurementOf(asked.metric, taken, { now });
    const value = 'value' in taken ? taken.value : undefined;
    return {
      ...{ ...said, phase, ...defined({ value }) },
      message: phase === 'Running' ? 'it goes on, and is not waited for here' : message,
      conditions: conditionsOf(asked.metric, taken, now),
    };
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    return { ...said, phase: 'Error', message: error.message };
  }
}

/** They do not matter for one measurement. */
const withoutLimits: Partial<Metric> = {
  ...{ count: 1, interval: '', failureLimit: 0, inconclusiveLimit: 0, consecutiveSuccessLimit: 0 },
};

/** Each by itself, in place of the verdict that comes of both. */
function conditionsOf(metric: Metric, taken: Measured, now: number): Tried['conditions'] {
  if (!('result' in taken)) return [];
  const { result, type } = taken;
  return (['successCondition', 'failureCondition'] as const).flatMap((kind) => {
    const condition = metric[kind];
    if (!condition) return [];
    return [{ kind, condition, ...evaluate(condition, result, { now, ...defined({ type }) }) }];
  });
}
