import { globSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { routerNames } from '../../lib/diagnose/checkRouters.ts';
import { type Right, rightsByRouter, rightsIn, rightText } from '../../lib/diagnose/rights.ts';
import { type Kind, kindNames, rowOf, workloadKinds } from '../../lib/model/kinds.ts';
import { packaged, textOf } from '../../lib/packaged.ts';

// What the code of a turn asks of a cluster, read off its calls and off what it needs to read, is granted.
// That nothing more is granted, and that this is all, a real API server says: test/cluster/rbac.test.ts.

const folder = packaged('infra/cluster');
const byRouter = rightsByRouter(folder);
const routers = Object.keys(byRouter);
const call = /\bcluster\s*\.(get|list|create|patch|remove|evict)\(\s*(?:(?:\{\s*kind: )?'(\w+)')?/g;

/** What is read for the routers that have load balancers. */
function balancerSources(): string[] {
  const files = globSync('lib/decide/traffic/{loadBalancer,targets}.ts');
  return files.map((file) => readFileSync(file, 'utf8'));
}

/** A reference to an object, a list, and a dry run, which reads who has the name as well. */
const reads: [verbs: string[], read: RegExp][] = [
  [['get'], /\{ kind: '(\w+)', namespace/g],
  [['list'], /\blist: '(\w+)'/g],
  [['create', 'get'], /\bdryRun: .*\bkind: '(\w+)'/g],
];

function rightOf(call: string, kind: Kind): Right {
  const { group, plural: resource } = rowOf(kind);
  if (call === 'evict')
    return { verb: 'create', group: '', resource: 'pods', subresource: 'eviction' };
  return { verb: call === 'remove' ? 'delete' : call, group, resource };
}

function asked(): { rights: string[]; open: number } {
  const textsOf = (glob: string) => globSync(glob).map((file) => readFileSync(file, 'utf8'));
  const calls = textsOf('lib/{apply,observe/readers,reconcile}/*.ts').flatMap((text) => [
    ...text.matchAll(call),
  ]);
  const called = calls.flatMap(([, verb = '', kind]) =>
    kind ? [rightOf(verb, kind as Kind)] : [],
  );
  const core = [...textsOf('lib/decide/*/*.ts'), ...textsOf('lib/observe/*.ts')].filter(
    (text) => !balancerSources().includes(text),
  );
  const read = reads.flatMap(([verbs, pattern]) => {
    const kinds = core.flatMap((text) => [...text.matchAll(pattern)].map(([, kind]) => kind));
    return kinds.flatMap((kind) => verbs.map((verb) => rightOf(verb, kind as Kind)));
  });
  const workloads = workloadKinds.flatMap((kind) => [rightOf('get', kind), rightOf('list', kind)]);
  // What a plan writes, by the object it refers to.
  const patched = core.flatMap((text) => [...text.matchAll(/\brefOf\('(\w+)'/g)]);
  const written = patched.map(([, kind]) =>
    rightOf(kind === 'Pod' ? 'evict' : 'patch', kind as Kind),
  );
  const others = [rightOf('create', 'ReplicaSet'), rightOf('remove', 'ReplicaSet')];
  const rights = [...called, ...read, ...workloads, ...written, ...others].map(rightText);
  return { rights: [...new Set(rights)].sort(), open: calls.length - called.length };
}

describe('the rights of infra/cluster', () => {
  it('are at least what the code names', () => {
    const { rights } = asked();
    expect(rights).toContain('create pods/eviction');
    expect(rights.length).toBeGreaterThan(10);
    // Those of Secrets are given one by one: metrics.secrets of the chart.
    const given = rights.filter((right) => right !== 'get secrets');
    expect(rightsIn(folder).map(rightText)).toEqual(expect.arrayContaining(given));
  });

  it('of the calls whose kind is a variable there are those of data, and no others', () => {
    // The readers' get, list and dry run with its get; resync's list of the workloads that rollouts refer to.
    // apply has one call of each verb, for whatever a plan writes. What can be shown of an object whose parts
    // may not be read is read again by itself.
    expect(asked().open).toBe(4 + 1 + 4 + 1);
  });

  it('give no wildcard, no Secrets and no way to more rights', () => {
    const texts = rightsIn(folder).map(rightText);
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) expect(text).not.toMatch(/\*|secrets|rbac|bind|escalate|impersonate/);
  });
});

/** The sources of a router, by the name that it has in infra/cluster. */
function sourceOf(router: string): string {
  const name = router.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const files = globSync(`lib/decide/traffic/routers/{${name}.ts,${name}/*.ts}`);
  expect(files).not.toEqual([]);
  return files.map((file) => readFileSync(file, 'utf8')).join('\n');
}

/** The objects of a router are of the kinds that its sources name; of an NLB they are Services. */
function kindsOf(source: string): Kind[] {
  const named = [...source.matchAll(/'(\w+)'/g)].map(([, word]) => word);
  const own = kindNames.filter((kind) => rowOf(kind).ofRouters && named.includes(kind));
  return own.length > 0 ? own : ['Service'];
}

/** What its sources do: each router reads its objects, changes them, or makes some itself. */
function askedBy(source: string): string[] {
  const isDone = (form: RegExp) => form.test(source);
  const verbs = (kind: Kind): string[] => [
    'get',
    ...(isDone(/\blist: kind\b/) ? ['list'] : []),
    ...(isDone(new RegExp(`\\bchanged\\(\\s*(kind|found\\.kind|'${kind}'),`)) ? ['patch'] : []),
    ...(isDone(/\bdo: 'create'|\bcreated\(/) ? ['create'] : []),
    ...(isDone(/\bdo: 'delete'|\bremoved\(/) ? ['remove'] : []),
  ];
  const listed = isDone(/\bloadBalancers: /) ? balancerSources() : [];
  const lists = listed.flatMap((text) => [...text.matchAll(/\blist: '(\w+)'/g)]);
  return [
    ...kindsOf(source).flatMap((kind) => verbs(kind).map((verb) => rightOf(verb, kind))),
    ...lists.map(([, kind]) => rightOf('list', kind as Kind)),
  ].map(rightText);
}

type Rules = { apiGroups: string[]; resources: string[] }[];

describe('infra/cluster has for each router', () => {
  it('a folder of the name that the chart takes and a check looks for', () => {
    const schema = JSON.parse(textOf(folder, 'values.schema.json'));
    expect(schema.properties.routers.items.enum).toEqual(routers);
    const used = {
      alb: {},
      ambassador: {},
      apisix: {},
      appMesh: {},
      istio: {},
      nginx: {},
      smi: {},
    };
    const plugins = { 'argoproj-labs/gatewayAPI': {}, 'serin/nlb': {} };
    const trafficRouting = { ...used, traefik: {}, plugins } as object;
    expect(routerNames({ spec: { strategy: { canary: { trafficRouting } } } }).sort()).toEqual(
      routers,
    );
    const files = readdirSync(new URL('../../lib/decide/traffic/routers', import.meta.url));
    expect(files).toHaveLength(routers.length);
  });

  it('of those of AWS without being asked, by both ways', () => {
    const defaults: string[] = parse(textOf(folder, 'values.yaml')).routers;
    expect(defaults).toEqual(['alb', 'gateway-api', 'nlb']);
    const { components } = parse(textOf(folder, 'kustomization.yaml'));
    expect(components).toEqual(defaults.map((name) => `routers/${name}`));
  });

  it.each(routers)('the rights that it uses, and no others: %s', (router) => {
    const asked = askedBy(sourceOf(router));
    expect(asked).toContainEqual(expect.stringMatching(/^patch /));
    expect(byRouter[router]?.map(rightText).sort()).toEqual(asked.sort());
  });

  it.each(routers)('a role of its own, bound to the group: %s', (router) => {
    const text = textOf(folder, `routers/${router}/rbac.yaml`);
    const [role, binding] = parseAllDocuments(text).map((each) => each.toJS());
    const core = parseAllDocuments(textOf(folder, 'rbac.yaml')).map((each) => each.toJS());
    expect(role.metadata.name).toBe(`serin-controller-${router}`);
    expect(binding.roleRef).toMatchObject({ kind: 'ClusterRole', name: role.metadata.name });
    expect(binding.subjects).toEqual(core[1].subjects);
    for (const right of byRouter[router]!.map(rightText)) {
      expect(right).not.toMatch(/\*|secrets|rbac/);
    }
  });

  it.each(routers)('a webhook that tells of changes of its objects: %s', (router) => {
    const text = textOf(folder, `doorbell/${router}/webhook.yaml`);
    const { metadata, webhooks } = parse(text);
    expect(metadata.name).toBe(`serin-doorbell-${router}`);
    expect(webhooks.map(({ name }: { name: string }) => name)).toEqual([
      `${router}.doorbell.serin`,
    ]);
    const told = (webhooks[0].rules as Rules).flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
    );
    const kinds = kindsOf(sourceOf(router)).map(rowOf);
    expect(told.sort()).toEqual(kinds.map(({ group, plural }) => `${group}/${plural}`).sort());
    // All else is as for Rollouts.
    const [core] = parse(textOf(folder, 'doorbell/webhook.yaml')).webhooks;
    const { name: _, rules: __, matchConditions, ...settings } = webhooks[0];
    expect(core).toMatchObject(settings);
    expect(matchConditions[0]).toEqual(core.matchConditions[0]);
  });
});
