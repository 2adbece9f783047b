import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CanaryStep, PodTemplateSpec } from '../../lib/model/argo.generated.ts';
import { typesText } from '../../lib/model/gotypes.ts';
import { podTemplateHash, stepHash } from '../../lib/model/hash.ts';
import { answerOf, falseFaultsOf, type GoCase } from './goCases.ts';

const cases: GoCase[] = JSON.parse(readFileSync(new URL('hashes.json', import.meta.url), 'utf8'));

function web(image: string, pod: PodTemplateSpec['spec'] = {}): PodTemplateSpec {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { ...pod, containers: [{ name: 'web', image }] },
  };
}

function weights(...steps: (number | string | undefined)[]): CanaryStep[] {
  return steps.map((step, index) => {
    if (index % 2 === 0) return { setWeight: Number(step) };
    return { pause: step === undefined ? {} : { duration: step } };
  });
}

describe('what Argo said to random inputs', () => {
  it('has enough cases of every kind', () => {
    const kinds = Map.groupBy(cases, (goCase) => answerOf(goCase).kind);
    const few = [...kinds].filter(([, { length }]) => length < 5);
    expect([kinds.size, few, cases.length]).toEqual([6, [], 400]);
  });

  it('is what we say', () => {
    const differing = cases.filter((goCase) => {
      const { ours, gos } = answerOf(goCase);
      return ours !== gos;
    });
    expect(differing).toEqual([]);
  });

  it('is never called a fault where Go decoded it', () => {
    expect(cases.flatMap(falseFaultsOf)).toEqual([]);
  });
});

// The real hashes that Argo v1.10.1 gave on a real control plane: info.hashes of the recordings.
describe('what Argo was recorded to give', () => {
  const gates = { readinessGates: [{ conditionType: 'heldout/admitted' }] };
  const defaulted: PodTemplateSpec['spec'] = {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  };
  const container = {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  };
  function ofDeployment(image: string): PodTemplateSpec {
    const template = web(image, defaulted);
    return {
      ...template,
      spec: { ...defaulted, containers: [{ name: 'web', image, ...container }] },
    };
  }

  it.each([
    ['5dfb79b7ff', web('web:v1')],
    ['84c5f745db', web('web:v2')],
    ['79589fdb97', web('web:v3')],
    ['75bbdc5c88', web('web:v4')],
    ['7c6d8c6c5d', web('web:nonexistent-v0')],
    ['79b48765d9', web('web:nonexistent-v9')],
    ['8694b4d946', web('web:v1', gates)],
    ['56bd9db887', web('web:v2', gates)],
    ['8576d4b949', ofDeployment('web:v1')],
    ['7b457cb9cd', ofDeployment('web:v2')],
  ])('pod template hash %s', (hash, template) => {
    expect(podTemplateHash(template)).toBe(hash);
  });

  const sizes = weights(1, undefined, 5, undefined, 33, undefined, 50, undefined, 99, undefined);
  it.each([
    ['865865d797', weights(20, 14, 60, '3s', 80, '14')],
    ['5b8c9fd47c', weights(34, undefined, 67, undefined)],
    ['54b5597bc9', weights(25, undefined, 50, undefined, 75, undefined)],
    ['b8dc68f97', weights(20, undefined, 60, undefined)],
    ['567864574', weights(34, '30m')],
    ['757f5f97b', weights(50, undefined)],
    ['6c778f47d', weights(34, undefined)],
    ['cccfdb5cc', weights(40, undefined, 80, undefined)],
    ['785fc466ff', weights(33, undefined, 66, undefined)],
    ['544c77d95d', sizes],
    ['77b4b4f4c6', weights(25, undefined)],
    ['cdf4c787d', weights(34, 2)],
    ['75645976b4', weights(25, 12, 50, undefined)],
    ['7c5b668566', weights(25, undefined, 75, undefined)],
    ['844f4d458b', weights(10, undefined, 20)],
    ['6c94bfbdd6', weights(100)],
    ['5ffbfbbd64', []],
  ])('step hash %s', (hash, steps) => {
    expect(stepHash({ canary: { steps } })).toBe(hash);
  });
});

describe('podTemplateHash', () => {
  it('is the same for what Go drops: unknown, null and empty fields, whatever their order', () => {
    const noisy: unknown = {
      spec: {
        volumes: [],
        containers: [{ image: 'web:v1', name: 'web', env: null, stdin: false, unheardOf: 1 }],
        hostNetwork: false,
      },
      metadata: { labels: { app: 'web' }, creationTimestamp: null, annotations: {} },
    };
    expect(podTemplateHash(noisy as PodTemplateSpec)).toBe(podTemplateHash(web('web:v1')));
  });

  it('takes a collision count of 0 for one, and null for none', () => {
    const hash = podTemplateHash(web('web:v1'));
    expect(podTemplateHash(web('web:v1'), null)).toBe(hash);
    expect(podTemplateHash(web('web:v1'), 0)).not.toBe(hash);
  });
});

describe('the types that hashes are taken by', () => {
  it('are what their JSON is, and nothing that only a schema or a check goes by', () => {
    const types = JSON.parse(typesText());
    expect(types.ContainerPort).toContain('protocol string omitempty');
    expect(types.Container).toContain('imagePullPolicy string omitempty');
    expect(typesText()).not.toMatch(
      / (required|default=|values=|enum=|keys=|list=|atomic|immutable)/,
    );
  });
});

describe('stepHash', () => {
  it('is empty without a canary, or beside a blue-green strategy', () => {
    expect(stepHash(undefined)).toBe('');
    expect(stepHash({})).toBe('');
    expect(stepHash({ canary: {}, blueGreen: { activeService: 'web' } })).toBe('');
  });

  it('does not tell an absent list of steps from an empty one', () => {
    expect(stepHash({ canary: {} })).toBe(stepHash({ canary: { steps: [] } }));
  });

  it('tells a duration in seconds from the same in words', () => {
    const hashes = [14, '14', '14s'].map((duration) =>
      stepHash({ canary: { steps: weights(1, duration) } }),
    );
    expect(new Set(hashes).size).toBe(3);
  });
});
