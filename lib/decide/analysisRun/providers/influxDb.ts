import type { Value } from '../../../expr/value.ts';
import type { InfluxdbMetric, Metric } from '../../../model/argo.generated.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type HttpAnswer, viaOf } from '../../../model/httpRequest.ts';
import { own } from '../../../model/own.ts';
import { secondMs } from '../../../model/units.ts';
import { controllerNamespace, type Texts } from './credentials.ts';
import { csvRows } from './csv.ts';
import { floatOf, parsedJson } from './goJson.ts';
import { formText, listWord, structJson } from './goText.ts';
import { isGood } from './http.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { asksWithSecret, type Question } from './question.ts';

// argo v1.10.1 metricproviders/influxdb/influxdb.go, influxdb-client-go v2.14 api/query.go

const timeoutMs = 30 * secondMs;
const keys = ['authToken', 'address', 'org'];
const [tokenKey = ''] = keys;

export const influxDb: MetricProvider = {
  name: 'influxdb',
  selects: (source) => source.influxdb !== undefined,
  validate: () => [],
  ...asksWithSecret({
    placeOf: ({ metric }) => placeOf(metric),
    keysOf: () => keys,
    hiddenOf: () => [tokenKey],
    questionOf: requestOf,
    measuredIn,
  }),
};

function specOf(metric: Metric): InfluxdbMetric {
  return metric.provider?.influxdb ?? {};
}

function placeOf(metric: Metric) {
  return { namespace: controllerNamespace, name: specOf(metric).profile || 'influxdb' };
}

function requestOf({ metric, count }: Asked, texts: Texts): Question {
  const [token, address, org] = keys.map((key) => own(texts, key));
  if (!token || !address || !org) return { error: 'authToken, org, or address not found' };
  const url = `${address.replace(/\/$/, '')}/api/v2/query?${formText({ org })}`;
  const dialect = { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true };
  const http = {
    ...{ method: 'POST', url, timeoutMs, nonce: `${metric.name} ${count}` },
    headers: [
      ['Content-Type', 'application/json'],
      ['Authorization', `Token ${token}`],
    ] as const,
    body: structJson({ dialect, query: specOf(metric).query ?? '', type: 'flux' }),
  };
  return { http, via: viaOf(url) };
}

function measuredIn({ status, body }: HttpAnswer): Measured {
  if (!isGood(status)) return { error: refusal(status, body) };
  const rows = csvRows(body);
  if ('error' in rows) return { error: `no results returned from flux query: ${rows.error}` };
  const found = valuesIn(rows);
  if ('error' in found) return found;
  // Argo takes what came before an error for the whole of it.
  if (found.values.length === 0) return { error: 'no results returned from flux query' };
  return { value: listWord(found.values), result: found.values };
}

function refusal(status: number, body: string): string {
  const parsed = parsedJson(body);
  const fields = typeof parsed !== 'string' && isRecord(parsed.value) ? parsed.value : {};
  const { code, message } = fields;
  const isTold = typeof code === 'string' && typeof message === 'string';
  return isTold ? `${code}: ${message}` : `Unexpected status code ${status}`;
}

type Column = { type: string; standard: string; name: string };

/**
 * The `_value` of each row of an annotated CSV:
 * https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv
 */
function valuesIn(rows: string[][]): { values: Value[] } | { error: string } {
  const values: Value[] = [];
  let columns: Column[] | undefined;
  let state: 'rows' | 'annotations' | 'error' = 'rows';
  for (const [mark = '', ...cells] of rows.filter((row) => row.length > 1)) {
    if (mark.startsWith('#')) {
      if (state !== 'annotations') {
        columns = cells.map(() => ({ type: '', standard: '', name: '' }));
      }
      state = 'annotations';
    }
    if (columns === undefined) return { error: 'parsing error, annotations not found' };
    if (columns.length !== cells.length) {
      const counts = `${cells.length} vs ${columns.length}`;
      return {
        error: `parsing error, row has different number of columns than the table: ${counts}`,
      };
    }
    if (mark.startsWith('#')) columns = annotated(columns, mark, cells);
    else if (state === 'error') {
      const [message = '', reference = ''] = cells;
      return { error: [message || 'unknown query error', reference].filter(Boolean).join(',') };
    } else if (state === 'annotations') {
      columns = columns.map((column, index) => ({ ...column, name: cells[index] ?? '' }));
      state = cells[0] === 'error' ? 'error' : 'rows';
    } else {
      const at = columns.findIndex(({ name }) => name === '_value');
      const { type = '', standard = '' } = columns[at] ?? {};
      values.push(valueOfCell(cells[at] || standard, type));
    }
  }
  return { values };
}

function annotated(columns: Column[], mark: string, cells: string[]): Column[] {
  const field = mark === '#datatype' ? 'type' : mark === '#default' ? 'standard' : undefined;
  if (field === undefined) return columns;
  return columns.map((column, index) => ({ ...column, [field]: cells[index] ?? '' }));
}

function valueOfCell(text: string, type: string): Value {
  if (text === '') return null;
  if (type === 'double') return floatOf(text);
  if (type === 'boolean') return text.toLowerCase() !== 'false';
  if ((type === 'long' || type === 'unsignedLong') && /^[+-]?\d+$/.test(text)) return BigInt(text);
  return text;
}
