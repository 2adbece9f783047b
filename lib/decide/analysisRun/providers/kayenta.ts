import type {
  KayentaMetric,
  KayentaScope,
  Metric,
  ScopeDetail,
} from '../../../model/argo.generated.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import type { Answers, HttpRead } from '../../../model/reads.ts';
import {
  goDurationFault,
  type Millis,
  parseGoDuration,
  secondMs,
  toTime,
} from '../../../model/units.ts';
import { parsedJson } from './goJson.ts';
import { structJson } from './goText.ts';
import { answered, httpNeeds } from './http.ts';
import { fieldOf } from './lookup.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';

// argo v1.10.1 metricproviders/kayenta/kayenta.go
// A judgement is begun in one turn, and looked at every 15 s until it is complete. It judges by itself.

const resumeMs: Millis = 15 * secondMs;
const timeoutMs: Millis = 15 * secondMs;
const idName = 'canaryExecutionId';

export const kayenta: MetricProvider = {
  name: 'kayenta',
  selects: (source) => source.kayenta !== undefined,
  validate: () => [],
  needs: (asked, answers) => {
    if (asked.measurement) return httpNeeds(scoreRead(asked));
    const lookup = lookupRead(asked);
    const start = startRead(asked, answers);
    return [...httpNeeds(lookup), ...(start && 'http' in start ? httpNeeds(start) : [])];
  },
  measured: (asked, answers) => {
    if (asked.measurement) {
      const answer = answered(scoreRead(asked), answers);
      if (answer === undefined || 'error' in answer) return answer;
      return judged(asked, answer.ok);
    }
    const start = startRead(asked, answers);
    if (start === undefined || 'error' in start) return start;
    const answer = answered(start, answers);
    if (answer === undefined || 'error' in answer) return answer;
    return begun(asked, answer.ok);
  },
};

const nothing: KayentaMetric = {
  ...{ address: '', application: '', canaryConfigName: '', metricsAccountName: '' },
  ...{ configurationAccountName: '', storageAccountName: '' },
};

function specOf(metric: Metric): KayentaMetric {
  return metric.provider?.kayenta ?? nothing;
}

function readOf({ metric, count }: Asked, url: string, body?: string): HttpRead {
  const http = {
    ...{
      url,
      timeoutMs,
      nonce: `${metric.name} ${count}`,
      method: body === undefined ? 'GET' : 'POST',
    },
    headers: body === undefined ? [] : [['Content-Type', 'application/json'] as const],
    ...(body !== undefined && { body }),
  };
  return { http, via: viaOf(url) };
}

/** Argo asks for the configurations with the name of the storage account. */
function lookupRead(asked: Asked): HttpRead {
  const { address, application, storageAccountName: account } = specOf(asked.metric);
  const query = `application=${application}&configurationAccountName=${account}`;
  return readOf(asked, `${address}/canaryConfig?${query}`);
}

function scoreRead(asked: Asked): HttpRead {
  const id = asked.measurement?.metadata?.[idName] ?? '';
  return readOf(asked, `${specOf(asked.metric).address}/canary/${id}`);
}

/** Undefined before the configuration is found. */
function startRead(asked: Asked, answers: Answers): HttpRead | { error: string } | undefined {
  const answer = answered(lookupRead(asked), answers);
  if (answer === undefined || 'error' in answer) return answer;
  const config = configIn(answer.ok, specOf(asked.metric).canaryConfigName);
  if ('error' in config) return config;
  const spec = specOf(asked.metric);
  const scopes = scopesOf(asked);
  if ('error' in scopes) return scopes;
  const { pass = 0, marginal = 0 } = spec.threshold ?? {};
  const { address, application, metricsAccountName, configurationAccountName } = spec;
  const accounts =
    `metricsAccountName=${metricsAccountName}&configurationAccountName=${configurationAccountName}` +
    `&storageAccountName=${spec.storageAccountName}`;
  const url = `${address}/canary/${config.id}?application=${application}&${accounts}`;
  const body = structJson({ scopes: scopes.named, thresholds: { pass, marginal } });
  return readOf(asked, url, body);
}

function configIn({ status, body }: HttpAnswer, name: string): { id: string } | { error: string } {
  if (status !== 200) return { error: `Invalid Response: HTTP ${status}` };
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !Array.isArray(parsed.value)) {
    return { error: 'the answer is no JSON list of canary configurations' };
  }
  const found = parsed.value.find((each) => isRecord(each) && fieldOf(each, 'name') === name);
  const id = isRecord(found) ? fieldOf(found, 'id') : undefined;
  return found === undefined ? { error: 'Canary config not found' } : { id: String(id ?? '') };
}

/** By name, sorted as Go writes a map. */
function scopesOf(asked: Asked): { named: Record<string, object> } | { error: string } {
  const named = new Map<string, object>();
  const { scopes = [] } = specOf(asked.metric);
  for (const scope of [...scopes].sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const made = scopeOf(scope, asked);
    if ('error' in made) return made;
    named.set(scope.name, made.scope);
  }
  return { named: Object.fromEntries(named) };
}

function scopeOf(
  scope: KayentaScope,
  { metric, run, now }: Asked,
): { scope: object } | { error: string } {
  const control: Partial<ScopeDetail> = scope.controlScope ?? {};
  const experiment: Partial<ScopeDetail> = scope.experimentScope ?? {};
  for (const field of ['start', 'end'] as const) {
    if (!control[field] !== !experiment[field]) {
      const both = `controlScope.${field} and experimentScope.${field}`;
      return { error: `${both} must both be set or be empty` };
    }
  }
  const { interval = '' } = metric;
  const spanMs = parseGoDuration(interval);
  const { lookback = false } = specOf(metric);
  if (!control.start && !lookback && spanMs === undefined) {
    return { error: `Invalid duration ${JSON.stringify(interval)}: ${goDurationFault(interval)}` };
  }
  const begin = lookback ? (run.status?.startedAt ?? toTime(now)) : toTime(now - (spanMs ?? 0));
  const times = { start: begin, end: toTime(now) };
  const detail = (given: Partial<ScopeDetail>) => ({
    ...{ scope: given.scope ?? '', location: given.region ?? '', step: given.step ?? 0 },
    ...{ start: given.start || times.start, end: given.end || times.end },
  });
  return { scope: { controlScope: detail(control), experimentScope: detail(experiment) } };
}

const invalid = { error: 'Invalid Response' };

function begun({ now }: Asked, { status, body }: HttpAnswer): Measured {
  if (status !== 200) return invalid;
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !isRecord(parsed.value)) return invalid;
  const id = parsed.value[idName];
  // Argo goes on with the text that Go prints for what is not there.
  if (typeof id !== 'string' || id === '') return { error: `Invalid ${idName}` };
  return { phase: 'Running', metadata: { [idName]: id }, resumeAt: now + resumeMs };
}

function judged({ metric, now, measurement }: Asked, { status, body }: HttpAnswer): Measured {
  if (status !== 200) return invalid;
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !isRecord(parsed.value)) return invalid;
  const { complete } = parsed.value;
  const kept = measurement?.metadata ? { metadata: measurement.metadata } : {};
  if (typeof complete !== 'boolean') return { ...kept, error: 'Missing Complete Status' };
  if (!complete) return { ...kept, phase: 'Running', resumeAt: now + resumeMs };
  const path = ['result', 'judgeResult', 'score', 'score'];
  const found = path.reduce(
    (value: unknown, name) => (isRecord(value) ? value[name] : undefined),
    parsed.value,
  );
  if (typeof found !== 'number') return { ...kept, error: 'Missing Score' };
  const score = Math.trunc(found);
  const { pass = 0, marginal = 0 } = specOf(metric).threshold ?? {};
  const phase = score >= pass ? 'Successful' : score >= marginal ? 'Inconclusive' : 'Failed';
  return { ...kept, phase, value: String(score) };
}
