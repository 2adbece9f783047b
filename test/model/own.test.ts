import { expect, it } from 'vitest';
import { givenArguments } from '../../lib/decide/analysis/arguments.ts';
import { floatOf } from '../../lib/decide/analysisRun/providers/goJson.ts';
import { validate } from '../../lib/decide/guards/validate.ts';
import { isMatch, selectorText } from '../../lib/decide/release/selector.ts';
import { evaluate, syntaxError } from '../../lib/expr/condition.ts';
import { byLabel } from '../../lib/kubernetes/byLabel.ts';
import { parseSelector, selects } from '../../lib/kubernetes/selectors.ts';
import { fleetFamilies } from '../../lib/metrics/fleet.ts';
import type { AnalysisRunArgument, Rollout } from '../../lib/model/argo.generated.ts';
import type { FleetRow } from '../../lib/model/fleet.ts';
import { own } from '../../lib/model/own.ts';
import { annotationOf } from '../../lib/model/workload.ts';
import { readSecret } from '../../lib/observe/readers/secret.ts';
import { isDriven } from '../../lib/queue/keys.ts';
import { render } from '../../lib/settings/template.ts';
import { make } from '../make.ts';

// Every object of JavaScript answers to names that nobody put into it. Whoever writes one of them into a
// manifest gets the answer that any other unknown name gets.

const names = ['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty'];
const hashes = { stable: 'abc', latest: 'def' };

function argument(valueFrom: object): unknown {
  const arg = { name: 'a', value: 'v', valueFrom } as AnalysisRunArgument;
  const metadata = { labels: { a: 'b' }, annotations: { a: 'b' } };
  return givenArguments([arg], make.rollout({ metadata }), hashes);
}

/** A rollout whose selector, or template, says what the other does not. */
function faults(matchLabels: object, expressions: object[] = []): unknown {
  const rollout = make.rollout() as Required<Pick<Rollout, 'spec'>> & Rollout;
  const selector = { matchLabels, matchExpressions: expressions } as never;
  return validate({ ...rollout, spec: { ...rollout.spec, selector } });
}

async function secretAt(key: string): Promise<unknown> {
  const cluster = { get: async () => ({ data: { known: 'eA==' } }) };
  const secret = { namespace: 'shop', name: 'keys', key };
  const sources = { cluster, secrets: async () => async () => '' };
  return await readSecret(sources as never, { secret }).catch((error: Error) => error.message);
}

function selected(text: string): string[] {
  const objects = byLabel<{ labels: Record<string, string> }>();
  objects.set('web', { labels: { app: 'web' } });
  return objects.select(parseSelector(text)).flatMap(({ labels }) => Object.values(labels));
}

function shownPhase(message: string): unknown {
  const key = { cluster: 'c', namespace: 'n', name: 'r' };
  const row = {
    ...{ ...key, strategy: 'Canary', phase: 'Degraded', message },
    pods: { desired: 1, ready: 1, updated: 1, available: 1 },
  };
  return fleetFamilies({ rows: [row as unknown as FleetRow], unreachable: new Map() });
}

const asked: [string, (name: string) => unknown][] = [
  ['a hash of pods', (podTemplateHashValue) => argument({ podTemplateHashValue })],
  ...['NAME', 'metadata.NAME', "metadata.labels['NAME']", "metadata.annotations['NAME']"].map(
    (path): [string, (name: string) => unknown] => [
      `the field ${path}`,
      (name) => argument({ fieldRef: { fieldPath: path.replace('NAME', name) } }),
    ],
  ),
  ['a label of the selector', (name) => faults(Object.fromEntries([[name, 'x']]))],
  ['a label that must be there', (key) => faults({}, [{ key, operator: 'Exists' }])],
  ['a label that must not', (key) => faults({}, [{ key, operator: 'DoesNotExist' }])],
  ['an operator', (operator) => faults({}, [{ key: 'app', operator, values: ['x'] }])],
  ['a match', (operator) => isMatch({ key: 'app', operator, values: ['x'] }, 'x')],
  [
    'a text of a selector',
    (operator) => selectorText({ matchExpressions: [{ key: 'a', operator }] }),
  ],
  ['a selector', (name) => selects({ matchExpressions: [{ key: name, operator: 'Exists' }] }, {})],
  ['labels', (name) => selects({ matchLabels: Object.fromEntries([[name, 'x']]) }, {})],
  [
    'a list by a label',
    (name) => [`${name}=x`, `!${name}`, name].map((text) => safely(() => selected(text))),
  ],
  ['an annotation', (name) => annotationOf({ metadata: { annotations: {} } }, name)],
  ['a number', floatOf],
  ['a condition', (name) => evaluate(`${name} == 1`, 1)],
  ['a function', (name) => evaluate(`${name}(result)`, 1)],
  ['a pointer', (name) => evaluate(`all([result], #${name} == 1)`, 1)],
  ['a field', (name) => evaluate(`result.${name} == 1`, {})],
  ['a field of a time', (name) => evaluate(`now().${name}() == 1`, {})],
  ['a method of a duration', (name) => evaluate(`duration("1s").${name}() == 1`, {})],
  [
    'the syntax',
    (name) => [`${name}`, `${name}()`, `1 ${name} 2`, `$env["${name}"]`].map(syntaxError),
  ],
  ['a key of a Secret', secretAt],
  ['a claim', (name) => [render(`{${name}}`, {}), render(`{${name}/x}`, {})]],
  ['why it is degraded', shownPhase],
  ['a kind', isDriven],
];

function safely(ask: () => unknown): unknown {
  try {
    return ask();
  } catch (error) {
    return String(error);
  }
}

it.each(asked)('%s is no name that every object has', async (_, ask) => {
  const shown = async (name: string) => {
    const answer = safely(() => ask(name));
    const text = JSON.stringify(await answer) ?? 'undefined';
    // Where a fault is said to be in a text depends on how long the name is.
    return text.replaceAll(name, 'NAME').replace(/\(1:\d+\).*/, '');
  };
  // As long as the name, and as odd: what is no name at all is refused for that.
  for (const name of names) {
    const other = name.startsWith('_')
      ? '__nosuch_'
      : 'noSuchName'.padEnd(name.length, 'x').slice(0, name.length);
    expect(await shown(name)).toBe(await shown(other));
  }
});

it('what is there is found, and nothing else is', () => {
  const table = JSON.parse('{"a": 1, "__proto__": 2}') as Record<string, number>;
  expect([own(table, 'a'), own(table, '__proto__')]).toEqual([1, 2]);
  expect([own({}, '__proto__'), own({}, 'constructor'), own(undefined, 'a')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
