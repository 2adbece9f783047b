import { describe, expect, it } from 'vitest';
import { loadBalancerNeeds, seenBy } from '../../../lib/decide/traffic/loadBalancer.ts';
import type { Fronted } from '../../../lib/decide/traffic/router.ts';
import type { Pod } from '../../../lib/model/argo.generated.ts';
import type { Target } from '../../../lib/model/loadBalancer.ts';
import { type Answer, answersIn, type Read, readKey } from '../../../lib/model/reads.ts';

// Whose target groups are whose, and which pods are their targets, as the load balancer controller has it.

const front: Fronted = {
  ref: { kind: 'Ingress', namespace: 'shop', name: 'web' },
  ...{ label: 'Ingress web', version: '7', tag: 'ingress.k8s.aws/resource', port: 80 },
  hostnames: ['k8s-web.us-east-1.elb.amazonaws.com'],
  resource: (service) => `shop/web-${service}:80`,
};
const services = { canary: 'canary', stable: 'stable' };

function group(name: string, targets: 'ip' | 'instance', isTagged: boolean) {
  const tags = isTagged ? { 'ingress.k8s.aws/resource': `shop/web-${name}:80` } : {};
  return { arn: `arn:${name}`, name, targets, tags };
}

function balancer(targets: 'ip' | 'instance', isTagged: boolean) {
  const weights = { 'arn:canary': 25, 'arn:stable': 75 };
  return {
    ...{ arn: 'arn:lb', name: 'lb' },
    listeners: [{ protocol: 'HTTP', port: 80, forwards: [{ isDefault: true, weights }] }],
    groups: ['canary', 'stable'].map((name) => group(name, targets, isTagged)),
  };
}

function pod(nodeName: string, podIP: string): Pod {
  const conditions = [{ type: 'Ready', status: 'True' }];
  return { spec: { nodeName }, status: { podIP, conditions } };
}

const pods = { canary: [pod('one', '10.0.0.1'), pod('two', '10.0.0.2')], stable: [] };

/** What is seen once each read that is needed is answered, in rounds. */
function look(answer: (read: Read) => Answer) {
  const known = new Map<string, Answer>();
  const answers = answersIn(known);
  const routed = { rollout: {}, services, answers };
  for (let before = -1; before < known.size; ) {
    before = known.size;
    for (const { read } of loadBalancerNeeds(front, routed)) {
      if (!known.has(readKey(read))) known.set(readKey(read), answer(read));
    }
  }
  return { seen: seenBy(front, routed, { pods, total: 100 }) };
}

type Given = {
  targets?: 'ip' | 'instance';
  isTagged?: boolean;
  bindings?: Answer;
  health?: Target[];
  policy?: string;
  nodes?: Answer;
};

const nodes = ['one', 'two'].map((name, index) => ({
  metadata: { name },
  spec: { providerID: `aws:///us-east-1a/i-${index + 1}` },
}));

function answering({
  targets = 'ip',
  isTagged = true,
  bindings = { missing: true },
  health = [],
  policy = 'Cluster',
  nodes: listed = { ok: nodes },
}: Given) {
  const spec = { externalTrafficPolicy: policy, ports: [{ port: 80, nodePort: 30080 }] };
  return (read: Read): Answer => {
    if ('aws' in read) {
      return { ok: read.aws === 'loadBalancer' ? balancer(targets, isTagged) : health };
    }
    if ('object' in read) return { ok: { spec } };
    return 'list' in read && read.list === 'Node' ? listed : bindings;
  };
}

const healthy = (id: string, port = 8080): Target => ({ id, port, isHealthy: true });

describe('a target group', () => {
  const binding = (name: string, port: number | string) => ({
    spec: { targetGroupARN: `arn:${name}`, serviceRef: { name, port } },
  });

  it('with its tag is found whatever is known of TargetGroupBindings', () => {
    const bindings = { failed: 'forbidden', passing: false, remedy: 'allow the list' };
    const { seen } = look(answering({ bindings, health: [healthy('10.0.0.1')] }));
    expect(seen).toMatchObject({
      weights: [{ weight: 25 }],
      healthy: { canary: { count: 1, of: 2 } },
    });
    expect(seen).toMatchObject({ unknown: [] });
    expect(seen).not.toHaveProperty('remedy');
  });

  it('without a tag is that of the Service which a TargetGroupBinding names', () => {
    const bindings = { ok: [binding('canary', 80), binding('stable', 'http')] };
    const given = { isTagged: false, bindings, health: [healthy('10.0.0.2')] };
    expect(look(answering(given)).seen).toMatchObject({
      ...{ weights: [{ weight: 25 }], lacking: [], unknown: [] },
      healthy: { canary: { count: 1, of: 2 } },
    });
  });

  it('of another port of the Service is not its own', () => {
    const bindings = { ok: [binding('canary', 80), binding('stable', 8443)] };
    expect(look(answering({ isTagged: false, bindings })).seen).toMatchObject({
      weights: [],
      lacking: ['The ALB of Ingress web sends nothing to stable yet.'],
    });
  });

  it('is not known where bindings may not be read, and the right is named', () => {
    const bindings = { failed: 'forbidden', passing: false, remedy: 'allow the list' };
    const { seen } = look(answering({ isTagged: false, bindings }));
    expect(seen?.unknown).toEqual([expect.stringContaining('forbidden')]);
    expect(seen?.remedy).toBe('allow the list');
  });
});

describe('a pod whose node is the target', () => {
  const behindNodes = (given: Given) =>
    look(answering({ targets: 'instance', ...given })).seen?.healthy.canary?.count;

  it('gets requests where that node is healthy at the port of the Service', () => {
    const health = [healthy('i-1', 30080), { ...healthy('i-2', 30080), isHealthy: false }];
    expect(behindNodes({ health })).toBe(1);
  });

  it('gets none by another port of that node', () => {
    expect(behindNodes({ health: [healthy('i-1', 31443), healthy('i-2', 31443)] })).toBe(0);
  });

  it('gets them by another node where its own is no target', () => {
    expect(behindNodes({ health: [healthy('i-2', 30080)] })).toBe(2);
    expect(behindNodes({ health: [healthy('i-2', 30080)], policy: 'Local' })).toBe(1);
  });

  it('is not judged where nodes may not be listed', () => {
    const forbidden = { failed: 'no list of nodes', passing: false, remedy: 'allow it' };
    const { seen } = look(answering({ targets: 'instance', nodes: forbidden }));
    expect(seen?.healthy).toEqual({});
    expect(seen?.unknown[0]).toMatch(/^The targets of .* are not known: no list of nodes/);
  });
});
