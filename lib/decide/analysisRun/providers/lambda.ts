import type { Metric, MetricProvider as MetricSource } from '../../../model/argo.generated.ts';
import type { FieldError } from '../../../model/faults.ts';
import { isRecord } from '../../../model/gotypes.ts';
import type { FunctionResult } from '../../../model/metricCalls.ts';
import type { AwsRead } from '../../../model/reads.ts';
import { jsonText, parsedJson } from './goJson.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';

// Plugins of Argo are programs that its controller loads; Serin has none. In their place a function of the
// user's measures: plugin: {"serin/lambda": {functionName, payload}}

const pluginName = 'serin/lambda';
const nameForm = /^[\w:-]{1,170}$/;

export const lambda: MetricProvider = {
  name: pluginName,
  selects: ({ plugin }) => plugin !== undefined && Object.hasOwn(plugin, pluginName),
  validate: (metric, path) => faultsOf(metric, `${path}.provider.plugin["${pluginName}"]`),
  needs: (asked) => {
    const read = readOf(asked);
    return 'error' in read ? [] : [{ read, bears: 'all' }];
  },
  measured: (asked, answers) => {
    const read = readOf(asked);
    if ('error' in read) return read;
    const answer = answers.aws(read);
    if (answer === undefined) return undefined;
    if ('ok' in answer) return measuredIn(answer.ok);
    const { functionName } = read.input;
    return { error: 'failed' in answer ? answer.failed : `there is no function ${functionName}` };
  },
};

/** Of Argo's plugins, which are Go programs. */
export const otherPlugin: MetricProvider = {
  name: 'plugin',
  selects: ({ plugin }) => plugin !== undefined && !Object.hasOwn(plugin, pluginName),
  validate: ({ provider }, path) => [
    { path: `${path}.provider.plugin`, message: unknownPlugin(provider) },
  ],
  needs: () => [],
  measured: ({ metric }) => ({ error: unknownPlugin(metric.provider) }),
};

function unknownPlugin(source: MetricSource | undefined): string {
  const names = Object.keys(source?.plugin ?? {});
  const named = names.length === 0 ? 'an unnamed plugin' : `the plugin ${names.join(', ')}`;
  return (
    `Serin does not run ${named}: have a Lambda function measure, with ` +
    `plugin: {"${pluginName}": {functionName: NAME, payload: {…}}}`
  );
}

function specOf(metric: Metric): Record<string, unknown> {
  const spec = metric.provider?.plugin?.[pluginName];
  return isRecord(spec) ? spec : {};
}

function faultsOf(metric: Metric, path: string): FieldError[] {
  const { functionName, ...rest } = specOf(metric);
  const unknown = Object.keys(rest).filter((field) => field !== 'payload');
  const isName = typeof functionName === 'string' && nameForm.test(functionName);
  const isOpen = typeof functionName === 'string' && functionName.includes('{{');
  return [
    ...(isName || isOpen
      ? []
      : [{ path: `${path}.functionName`, message: 'must be the name or the ARN of a function' }]),
    ...unknown.map((field) => ({
      path: `${path}.${field}`,
      message: 'is not known here; known are functionName, payload',
    })),
  ];
}

/** The function is told whose measurement it is, beside the payload of the manifest. */
function readOf(asked: Asked): AwsRead<'invokeFunction'> | { error: string } {
  const { metric, run, cluster, count } = asked;
  const [fault] = faultsOf(metric, pluginName);
  if (fault !== undefined) return { error: `${fault.path} ${fault.message}` };
  const { functionName, payload = {} } = specOf(metric);
  const { namespace, name, uid } = run.metadata ?? {};
  const told = { cluster, analysisRun: { namespace, name, uid }, metric: metric.name };
  const nonce = `${metric.name} ${count}`;
  const input = {
    ...{ functionName: String(functionName), nonce },
    payload: JSON.stringify({ ...told, measurement: count + 1, payload }),
  };
  return { aws: 'invokeFunction', input };
}

/** What the function answers is the result. `{"error": TEXT}` and a function that failed are errors. */
function measuredIn({ payload, functionError }: FunctionResult): Measured {
  const parsed = parsedJson(payload === '' ? 'null' : payload);
  if (typeof parsed === 'string') return { error: 'the function’s answer is no JSON' };
  const { value } = parsed;
  const fields = isRecord(value) ? value : {};
  if (functionError !== undefined) {
    const said = typeof fields.errorMessage === 'string' ? `: ${fields.errorMessage}` : '';
    return { error: `the function ended with an error${said}` };
  }
  if (typeof fields.error === 'string') return { error: fields.error };
  return { value: jsonText(value), result: value };
}
