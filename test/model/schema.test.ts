import { describe, expect, it } from 'vitest';
import { readManifestFile } from '../../cli/manifest.ts';
import { definitions } from '../../lib/model/definitions.ts';
import { fieldsOf, type GoType } from '../../lib/model/gotypes.ts';
import { objectSchema, type Schema } from '../../lib/model/schema.ts';
import { noInput } from '../cli/support.ts';
import { rolloutScenarios } from '../recordings/scenarios.ts';
import { manifestOf } from '../recordings/stage.ts';
import { admit } from './admit.ts';

const kinds = definitions().map(({ spec }) => spec.names.kind);

/** A value of the type with every field there is, down to the last. */
function full(type: GoType): unknown {
  switch (type.kind) {
    case 'pointer':
      return full(type.of);
    case 'slice':
      return [full(type.of)];
    case 'map':
      return { some: full(type.of) };
    case 'struct':
      return Object.fromEntries(fieldsOf(type.name).map((field) => [field.name, valueFor(field)]));
    case 'scalar':
      return samples[type.name];
  }
}

function valueFor({ type, options }: { type: GoType; options: readonly string[] }): unknown {
  const choice = options.find((option) => option.startsWith('enum='));
  return choice ? choice.slice('enum='.length).split(';')[0] : full(type);
}

const samples = {
  string: 'a',
  bool: true,
  int32: 1,
  int64: 1,
  Time: '2026-01-31T12:00:00Z',
  MicroTime: '2026-01-31T12:00:00.000000Z',
  Quantity: '1Gi',
  IntOrString: '25%',
  RawJSON: { any: { thing: [1] } },
};

function walk(schema: Schema, path: string, look: (schema: Schema, path: string) => void): void {
  look(schema, path);
  for (const [name, each] of Object.entries(schema.properties ?? {})) {
    walk(each, `${path}.${name}`, look);
  }
  if (schema.items) walk(schema.items, `${path}[]`, look);
  if (schema.additionalProperties) walk(schema.additionalProperties, `${path}{}`, look);
}

describe('the schema of a type', () => {
  it.each(kinds)('%s: every field that Go knows is accepted and kept', (kind) => {
    const { faults, dropped } = admit(objectSchema(kind), full({ kind: 'struct', name: kind }));
    expect(faults).toEqual([]);
    // Of a pod's metadata, only these are a template's: as with Argo's definitions.
    const ofTemplates = fieldsOf('ObjectMeta').map(({ name }) => name);
    const others = dropped.filter((path) => {
      const [, name = ''] =
        /\.(?:template|job)\.metadata\.(\w+)$/.exec(path.replace(/\[0\]/g, '')) ?? [];
      return !ofTemplates.includes(name) || name === 'labels' || name === 'annotations';
    });
    expect(others).toEqual([]);
  });

  it.each(kinds)('%s: what is unknown is dropped, what is wrong refused', (kind) => {
    const schema = objectSchema(kind);
    expect(admit(schema, { spec: { unheard: 1 } }).dropped).toEqual(['.spec.unheard']);
    expect(admit(schema, {}).faults).toEqual(['.spec: missing']);
    expect(admit(schema, { spec: [] }).faults).toEqual(['.spec: array, not object']);
  });

  it.each(kinds)('%s: the API server can take it: lists have keys, all else a type', (kind) => {
    walk(objectSchema(kind), kind, (schema, path) => {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      for (const key of keys) {
        const { required = [], properties = {} } = schema.items ?? {};
        const isThere = required.includes(key) || properties[key]?.default !== undefined;
        expect(isThere, `${path} by ${key}`).toBe(true);
      }
      const isOpen = schema['x-kubernetes-preserve-unknown-fields'];
      expect(schema.type ?? schema.anyOf ?? isOpen, path).toBeDefined();
      expect(schema.type === 'array', path).toBe(schema.items !== undefined);
    });
  });

  it('says how lists and objects are merged', () => {
    const at = (path: string): Schema =>
      path.split('.').reduce((schema: Schema, name) => {
        const next = schema.properties?.[name] ?? {};
        return next.items ? { ...next, ...next.items } : next;
      }, objectSchema('Rollout'));
    const pod = 'spec.template.spec';
    const byName = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };
    expect(at(`${pod}.containers`)).toMatchObject(byName);
    expect(at(`${pod}.containers.env`)).toMatchObject(byName);
    expect(at(`${pod}.containers.ports`)).toMatchObject({
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    });
    expect(at(`${pod}.containers.args`)).toMatchObject({ 'x-kubernetes-list-type': 'atomic' });
    expect(at('spec.selector')).toMatchObject({ 'x-kubernetes-map-type': 'atomic' });
    // Argo's types say nothing of it, and so it is replaced as a whole.
    expect(at('spec.strategy.canary.steps')).not.toHaveProperty('x-kubernetes-list-type');
  });
});

describe('manifests under the schema', () => {
  const sound = { faults: [], dropped: [] };

  it('the example', async () => {
    const { manifests } = await readManifestFile('examples/front-api.yaml', noInput);
    const rollouts = manifests.filter(
      ({ meaning }) => 'kind' in meaning && meaning.kind === 'Rollout',
    );
    const found = rollouts.map(({ value }) => admit(objectSchema('Rollout'), value));
    expect(found).toEqual([sound]);
  });

  it.each(rolloutScenarios())('the recorded $name', ({ rollout }) => {
    expect(admit(objectSchema('Rollout'), manifestOf(rollout))).toEqual(sound);
  });
});
