/** When its samples were taken: nobody looks at that. */
export const sampledAt = 1_700_000_000;

type Reply = { status?: number; text: string };

/**
 * What a Prometheus answers: `vector:A;B`, `scalar:A`, `empty`, `matrix:A;B`, `string:A`, `warn:A`,
 * `error`, or `gauge:NAME`, a vector of what that gauge shows. A value may be NaN or +Inf.
 */
export function prometheusAnswer(form: string, gauge: (name: string) => unknown): Reply {
  const [kind = '', rest = ''] = form.split(/:(.*)/s);
  if (kind === 'error') {
    const fault = { status: 'error', errorType: 'execution', error: 'query failed' };
    return { status: 422, text: JSON.stringify(fault) };
  }
  const points = kind === 'gauge' ? [String(gauge(rest))] : rest.split(';').filter(Boolean);
  const data = dataOf(kind, points, rest);
  const warnings = kind === 'warn' ? { warnings: ['partial answer'] } : {};
  return { text: JSON.stringify({ status: 'success', data, ...warnings }) };
}

export function dataOf(kind: string, points: string[], rest: string): object {
  if (kind === 'scalar' || kind === 'string') {
    return { resultType: kind, result: [sampledAt, rest] };
  }
  if (kind === 'matrix') {
    const values = points.map((point, index) => [sampledAt + index, point]);
    return { resultType: kind, result: [{ metric: {}, values }] };
  }
  const result = points.map((value, index) => {
    return { metric: { n: String(index) }, value: [sampledAt, value] };
  });
  return { resultType: 'vector', result };
}
