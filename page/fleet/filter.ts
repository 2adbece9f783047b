import type { FleetRow } from '../../lib/model/fleet.ts';

/** What is looked for: words in any of a row's texts, and fields by their names. */
export type Filter = {
  words: string[];
  ns?: string;
  cluster?: string;
  phase?: string;
  person?: true;
};

const fields = ['ns', 'cluster', 'phase'] as const;

/** `front ns:shop cluster:prod phase:Paused is:waiting`. What is no field is a word. */
export function parseFilter(text: string): Filter {
  const filter: Filter = { words: [] };
  for (const part of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const [, name = '', value = ''] = /^([a-z]+):(.+)$/.exec(part) ?? [];
    const field = fields.find((each) => each === name);
    if (field !== undefined) filter[field] = value;
    else if (part === 'is:waiting') filter.person = true;
    else filter.words.push(part);
  }
  return filter;
}

/** The filter with a phase, or with none, in place of its own. */
export function withPhase(text: string, phase: string | undefined): string {
  const rest = text
    .split(/\s+/)
    .filter((part) => part !== '' && !/^(?:phase:|is:waiting$)/i.test(part));
  return [...rest, ...(phase === undefined ? [] : [phase])].join(' ');
}

export function matches(row: FleetRow, { words, ns, cluster, phase, person }: Filter): boolean {
  const texts = [row.name, row.namespace, row.cluster, ...row.images].join('\n').toLowerCase();
  return (
    (ns === undefined || row.namespace.toLowerCase().startsWith(ns)) &&
    (cluster === undefined || row.cluster.toLowerCase().startsWith(cluster)) &&
    (phase === undefined || row.phase.toLowerCase() === phase) &&
    (person === undefined || row.needsPerson) &&
    words.every((word) => texts.includes(word))
  );
}

export function isEmpty({ words, ns, cluster, phase, person }: Filter): boolean {
  return words.length === 0 && [ns, cluster, phase, person].every((each) => each === undefined);
}
