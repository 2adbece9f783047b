import type { Observation } from './scenarios.ts';

/** Where ours is not as recorded. */
export type Difference = { at: number; field: string; argo: string; ours: string };

export function compare(argo: Observation[], ours: Observation[]): Difference[] {
  const found = argo.flatMap((recorded, at) => {
    const left = flat(recorded);
    const right = flat(ours[at]);
    return [...new Set([...left.keys(), ...right.keys()])]
      .map((field) => ({
        at,
        field,
        argo: left.get(field) ?? '',
        ours: right.get(field) ?? '',
      }))
      .filter((each) => each.argo !== each.ours);
  });
  return found;
}

/** By path; what is absent, 0, false or empty is no entry. */
function flat(observation: Observation | undefined): Map<string, string> {
  const { get = [], ...rest } = observation ?? {};
  const fields = new Map<string, string>();
  for (const [path, value] of leaves(rest, '')) {
    // A condition's message is wording and not contract.
    if (/^status\.conditions\.\w+\.message$/.test(path)) continue;
    // How often a Deployment was resized on its way to 0 depends on how its pods became ready.
    fields.set(path, path.endsWith('/workload-generation') ? 'a generation' : value);
  }
  for (const [path, value] of treeFields(get)) fields.set(path, value);
  return fields;
}

function leaves(value: unknown, path: string): [string, string][] {
  if (value === undefined || value === null || value === 0 || value === false || value === '') {
    return [];
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? [] : [[path, JSON.stringify(value, sortedFields)]];
  }
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([field, inner]) =>
      leaves(inner, path === '' ? field : `${path}.${field}`),
    );
  }
  return [[path, String(value)]];
}

/** Fields in order, as they stand in the recordings. */
function sortedFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The summary's lines by their label; the tree's by place, pods of a ReplicaSet in any order. */
function treeFields(lines: string[]): [string, string][] {
  const end = lines.indexOf('');
  let label = '';
  const summary = lines.slice(0, end).map((line): [string, string] => {
    const [head = '', ...values] = line.split(' | ');
    const own = head === '' && /:$/.test(values[0] ?? '') ? values.shift() : head;
    if (own !== undefined && own !== '') label = own;
    return [`get.${label}`, values.join(' | ')];
  });
  const joined = new Map<string, string>();
  for (const [field, value] of summary) {
    const before = joined.get(field);
    joined.set(field, before === undefined ? value : `${before}; ${value}`);
  }
  const rows = lines.slice(end + 1);
  return [
    ...joined,
    ...sortedPods(rows).map((row, at): [string, string] => [`get.row ${at}`, row]),
  ];
}

function sortedPods(rows: string[]): string[] {
  const out: string[] = [];
  let pods: string[] = [];
  for (const row of rows) {
    if (row.startsWith('·')) pods.push(row);
    else {
      out.push(...pods.sort(), row);
      pods = [];
    }
  }
  return [...out, ...pods.sort()];
}
