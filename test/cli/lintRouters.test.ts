import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SimulatedRelease } from '../../cli/simulate/simulation.ts';
import { serin, temporaryFolder } from './support.ts';

const example = readFileSync('examples/front-api.yaml', 'utf8');

const appMesh = `
      canaryService: canary
      stableService: stable
      trafficRouting:
        appMesh:
          virtualService: {name: web}
          virtualNodeGroup:
            canaryVirtualNodeRef: {name: new}
            stableVirtualNodeRef: {name: old}
`;

function file(text: string): string {
  const path = join(temporaryFolder(), 'rollout.yaml');
  writeFileSync(path, text);
  return path;
}

it('lint warns of App Mesh, whose service has ended, and lets it pass', async () => {
  const text = example.replace(/\n {4}canary:\n/, `\n    canary:${appMesh}`);
  const line = text.slice(0, text.indexOf('appMesh')).split('\n').length;
  const path = file(text);
  const { code, out } = await serin(['lint', path]);
  expect(out).toBe(
    `${path}:${line}: note: spec.strategy.canary.trafficRouting.appMesh is of a service that AWS ` +
      'ended on 30 September 2026: what is written to it changes no traffic; use another router\n' +
      `${path}: 1 Rollout, nothing wrong\n`,
  );
  expect(code).toBe(0);
});

describe('lint, of the objects of a router', () => {
  const routed = (routing: string) =>
    example.replace(
      /\n {4}canary:\n/,
      `
    canary:
      canaryService: canary
      stableService: stable
      trafficRouting: ${routing}
`,
    );
  const object = (apiVersion: string, kind: string, name: string) =>
    `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\n`;
  const ingress = (name: string) => object('networking.k8s.io/v1', 'Ingress', name);
  const linted = async (...texts: string[]) =>
    (await serin(['lint', '-'], {}, new AbortController(), texts.join(''))).out;
  const nginx = routed('{nginx: {stableIngress: web}}');

  it('notes one that the files lack, where they have others of its sort', async () => {
    const field = 'spec.strategy.canary.trafficRouting.nginx.stableIngress';
    const out = await linted(nginx, ingress('shop'));
    expect(out).toMatch(
      `note: ${field} names the Ingress web, which is not in these files, though others of its kind ` +
        'are: it must be in the cluster\n',
    );
    expect(out.match(/note:/g)).toHaveLength(1);
    expect(out).toContain('-: 1 Rollout, nothing wrong');
  });

  it('notes none that is there, and none where the files have none of its sort', async () => {
    expect(await linted(nginx, ingress('shop'), ingress('web'))).not.toContain('note:');
    expect(await linted(nginx)).not.toContain('note:');
    expect(await linted(nginx, object('example.com/v1', 'Ingress', 'shop'))).not.toContain('note:');
  });

  it.each([
    [
      '{istio: {virtualServices: [{name: a, routes: [r]}, {name: b, routes: [r]}]}}',
      object('networking.istio.io/v1', 'VirtualService', 'a'),
      /note: \S*istio.virtualServices\[1\]\S* names the VirtualService b, which is not in these files/,
    ],
    [
      '{plugins: {argoproj-labs/gatewayAPI: {httpRoute: web, namespace: default}}}',
      object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'other'),
      /note: \S*httpRoute names the HTTPRoute web, which is not in these files/,
    ],
  ])('of any router: %s', async (routing, other, note) => {
    expect(await linted(routed(routing), other)).toMatch(note);
  });
});

describe('lint, of blue-green behind an ALB', () => {
  const blueGreen = `
    blueGreen:
      activeService: web
      autoPromotionEnabled: false
`;
  const rollout = example.replace(/\n {4}canary:\n(?: {6}.*\n)+/, blueGreen);
  const ingress = (fields: string) => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
${fields}
`;
  const rules = `  rules:
    - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 8080}}}}]}`;

  it('says what fails there, and shows the canary that does the same', async () => {
    const path = file(`${rollout}${ingress(`spec:\n  ingressClassName: alb\n${rules}`)}`);
    const line = rollout.slice(0, rollout.indexOf('activeService')).split('\n').length;
    const { code, out } = await serin(['lint', path]);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^${path}:${line}: note: spec.strategy.blueGreen.activeService is behind the ALB of the Ingress ` +
          'shop: at the switch it takes the old targets out before the new ones are healthy, and',
      ),
    );
    expect(
      out
        .split('\n')
        .slice(1, -2)
        .map((text) => text.slice(4)),
    ).toEqual([
      'strategy:',
      '  canary:',
      '    pingPong: {pingService: web-ping, pongService: web-pong}',
      '    trafficRouting:',
      '      alb: {ingress: shop, rootService: web, servicePort: 8080}',
      '    steps:',
      '      - setCanaryScale: {weight: 100}',
      '      - pause: {}',
      '      - setWeight: 100',
    ]);
  });

  it('shows a canary that is valid, and releases all pods before any request', async () => {
    const path = file(`${rollout}${ingress(`spec:\n  ingressClassName: alb\n${rules}`)}`);
    const shown = (await serin(['lint', path])).out.split('\n').slice(1, -2);
    const spec = shown.map((text) => text.slice(2)).join('\n');
    const canary = file(rollout.replace(/\n {2}strategy:\n(?: {4}.*\n)+/, `\n${spec}\n`));
    const linted = await serin(['lint', canary]);
    expect(linted.out).toMatch(/1 Rollout, nothing wrong/);
    const image = ['--image', 'front-api=front-api:new-tag', '--at', '2m=promote', '--json'];
    const { out } = await serin(['simulate', canary, ...image]);
    const { phase, steps } = JSON.parse(out) as SimulatedRelease;
    expect(phase).toBe('Healthy');
    const first = steps.find(({ sentWeight }) => (sentWeight ?? 0) > 0);
    expect(first?.sentWeight).toBe(100);
    expect(first?.newPods).toEqual({ desired: 2, available: 2 });
  });

  it.each([
    [
      'an action of its annotations',
      `  annotations:
    kubernetes.io/ingress.class: alb
    alb.ingress.kubernetes.io/actions.out: '{"forwardConfig":{"targetGroups":[{"serviceName":"web"}]}}'`,
    ],
    [
      'its default backend',
      'spec: {ingressClassName: alb, defaultBackend: {service: {name: web}}}',
    ],
  ])('sees that an Ingress leads to the active Service by %s', async (_, fields) => {
    const { out } = await serin(['lint', file(`${rollout}${ingress(fields)}`)]);
    expect(out).toMatch(/is behind the ALB of the Ingress shop/);
  });

  it.each([
    ['of another class', `spec:\n  ingressClassName: nginx\n${rules}`],
    ['in another namespace', `  namespace: other\nspec:\n  ingressClassName: alb\n${rules}`],
    ['to another Service', `spec:\n  ingressClassName: alb\n${rules.replace('web', 'api')}`],
    ['with nothing in it', 'spec: {ingressClassName: alb, rules: [null, {}]}'],
  ])('says nothing for an Ingress %s', async (_, fields) => {
    const placed = rollout.replace('metadata:\n', 'metadata:\n  namespace: shop\n');
    const { out } = await serin(['lint', file(`${placed}${ingress(fields)}`)]);
    expect(out).not.toMatch(/note:/);
  });
});
