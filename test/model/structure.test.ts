import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGo } from '../../lib/model/encode.ts';
import { checkStructure } from '../../lib/model/structure.ts';

const rollout = (spec: unknown) => ({ kind: 'Rollout', metadata: { name: 'web' }, spec });
const faultsOf = (spec: unknown) =>
  checkStructure('Rollout', rollout(spec)).map(({ path, message }) => `${path} ${message}`);
const steps = (...items: unknown[]) => ({ strategy: { canary: { steps: items } } });
const pod = (container: unknown) => ({ template: { spec: { containers: [container] } } });

describe('checkStructure', () => {
  it('has nothing against a sound rollout', () => {
    const canary = {
      maxSurge: '25%',
      maxUnavailable: 0,
      steps: [
        { setWeight: 20 },
        { pause: {} },
        { pause: { duration: '1m' } },
        { plugin: { name: 'p', config: 1 } },
      ],
    };
    const container = {
      name: 'web',
      image: 'web:v1',
      resources: { limits: { cpu: 0.5, memory: '1Gi' } },
    };
    expect(faultsOf({ replicas: 2, strategy: { canary }, ...pod(container) })).toEqual([]);
  });

  it('takes null for absent, anywhere', () => {
    const canary = { maxSurge: null, steps: [null, { pause: null }] };
    expect(faultsOf({ replicas: null, template: null, strategy: { canary } })).toEqual([]);
    expect(checkStructure('Rollout', null)).toEqual([]);
  });

  it.each([
    [{ setweight: 20 }, 'setweight is an unknown field; did you mean setWeight?'],
    [{ setWieght: 20 }, 'setWieght is an unknown field; did you mean setWeight?'],
    [
      { replicas: 2 },
      'replicas is an unknown field; remove it, or move it to the object that it belongs to',
    ],
    [
      { setWeight: '20' },
      'setWeight must be a whole number, not the string "20"; write it without quotes',
    ],
    [{ setWeight: 20.5 }, 'setWeight must be a whole number, not 20.5'],
    [
      { setWeight: 2 ** 31 },
      'setWeight must be a whole number, not 2147483648, which is out of range',
    ],
    [{ pause: 10 }, 'pause must be an object, not 10'],
    [{ pause: { duration: 1.5 } }, 'pause.duration must be a whole number or a string, not 1.5'],
    [
      { pause: { duration: ['1m'] } },
      'pause.duration must be a whole number or a string, not a list',
    ],
    [
      { setCanaryScale: { matchTrafficWeight: 'true' } },
      'setCanaryScale.matchTrafficWeight must be true or false, not the string "true"; ' +
        'write it without quotes',
    ],
  ])('says of the step %j: %s', (step, fault) => {
    expect(faultsOf(steps({ pause: {} }, step))).toEqual([
      `spec.strategy.canary.steps[1].${fault}`,
    ]);
  });

  it('names what stands in lists and maps by the paths of Kubernetes', () => {
    const faults = faultsOf({
      ...pod({
        name: 'web',
        env: [{ name: 'PORT', value: 80 }],
        resources: { limits: { cpu: 'much' } },
      }),
      selector: { matchLabels: { 'app.kubernetes.io/name': true } },
      strategy: { canary: { steps: {} } },
      restartAt: 'now',
    });
    const container = 'spec.template.spec.containers[0]';
    expect(faults).toEqual([
      `${container}.env[0].value must be a string, not 80; write it in quotes: "80"`,
      `${container}.resources.limits[cpu] must be a quantity such as 500m, 2 or 1Gi, ` +
        'not the string "much"',
      'spec.selector.matchLabels[app.kubernetes.io/name] must be a string, not true; ' +
        'write it in quotes: "true"',
      'spec.strategy.canary.steps must be a list, not an object',
      'spec.restartAt must be a time such as "2026-01-31T12:00:00Z", not the string "now"',
    ]);
  });

  it('finds faults in what is no object at all', () => {
    expect(checkStructure('Rollout', 'web')).toEqual([
      { path: '', message: 'must be an object, not the string "web"', kind: 'type' },
    ]);
    expect(faultsOf({ selector: { matchLabels: ['web'] } })).toEqual([
      'spec.selector.matchLabels must be an object of names and values, not a list',
    ]);
  });

  it('does not take members of every object for fields', () => {
    const fault = 'is an unknown field; remove it, or move it to the object that it belongs to';
    expect(faultsOf(JSON.parse('{"constructor":1,"__proto__":{}}'))).toEqual([
      `spec.constructor ${fault}`,
      `spec.__proto__ ${fault}`,
    ]);
  });
});

describe('properties', () => {
  const types = Object.keys(
    JSON.parse(readFileSync(new URL('../../lib/model/gotypes.json', import.meta.url), 'utf8')),
  );

  it('knows every type of the table, and their zero values are sound', () => {
    for (const type of types)
      expect(checkStructure(type, JSON.parse(encodeGo(type, {})))).toEqual([]);
  });

  it('finds a fault exactly where the encoder throws, unknown fields apart', () => {
    const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.double(), fc.string());
    const step = fc.record({
      setWeight: leaf,
      pause: fc.oneof(leaf, fc.record({ duration: leaf })),
    });
    fc.assert(
      fc.property(fc.oneof(leaf, step), (value) => {
        const sound = checkStructure('CanaryStep', value).length === 0;
        const encode = () => encodeGo('CanaryStep', value);
        if (sound) expect(encode).not.toThrow();
        else expect(encode).toThrow(TypeError);
      }),
    );
  });
});
