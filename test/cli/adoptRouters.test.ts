import { describe, expect, it } from 'vitest';
import type { Kind } from '../../lib/model/kinds.ts';
import { typeMetaOf } from '../../lib/model/kinds.ts';
import { cluster, web, withImage } from './adoptStage.ts';

type Sim = Awaited<ReturnType<typeof cluster>>['sim'];

function put(sim: Sim, kind: Kind, name: string, spec: object, annotations = {}): void {
  const metadata = { namespace: 'shop', name, annotations };
  sim.apply(kind, { ...typeMetaOf(kind), metadata, spec } as never);
}

function withServices(sim: Sim, ...names: string[]): void {
  const selector = { app: 'web' };
  for (const name of names) put(sim, 'Service', name, { selector, ports: [{ port: 80 }] });
}

const services = { canaryService: 'canary', stableService: 'stable' };
const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }];
const path = (name: string, port: object) => ({
  ...{ path: '/', pathType: 'Prefix' },
  backend: { service: { name, port } },
});
const rules = (...paths: object[]) => [{ http: { paths } }];
const nginx = {
  strategy: { canary: { ...services, steps, trafficRouting: { nginx: { stableIngress: 'web' } } } },
};

describe('adopt, of the objects of routers', () => {
  it('says whose they are, and that nothing changes at a pause', async () => {
    const { sim, run, pass, adopt, adoptJson } = await cluster();
    withServices(sim, 'canary', 'stable');
    put(sim, 'Ingress', 'web', { rules: rules(path('stable', { number: 80 })) });
    sim.apply('Rollout', web('web', nginx));
    await run();
    sim.apply('Rollout', withImage(web('web', nginx), 'web:v2'));
    await run();
    await pass();
    const { rollouts, shared, code } = await adoptJson();
    expect(rollouts).toMatchObject([
      {
        ...{ verdict: 'nothing', changes: [], phase: 'Paused' },
        routes: [
          { object: 'Ingress web', whose: 'somebody' },
          {
            ...{ object: 'Ingress web-web-canary', whose: 'the rollout' },
            writtenBy: 'rollouts-controller',
          },
        ],
      },
    ]);
    expect([shared, code]).toEqual([[], 0]);
    const { out } = await adopt();
    expect(out).toMatch(/^ {4}by Ingress web: not its own, only its routes are set/m);
    expect(out).toMatch(
      /^ {4}by Ingress web-web-canary: made for it; written last by rollouts-controller$/m,
    );
  });

  it('shows what would be written, and is what Serin then writes', async () => {
    const { sim, run, pass, adoptJson, takeOver } = await cluster();
    withServices(sim, 'canary', 'stable');
    put(sim, 'Ingress', 'web', { rules: rules(path('stable', { number: 80 })) });
    sim.apply('Rollout', web('web', nginx));
    await run();
    const target = { kind: 'Ingress', namespace: 'shop', name: 'web-web-canary' } as const;
    const annotation = 'nginx.ingress.kubernetes.io/canary-weight';
    await sim.as('kubectl').patch(target, { metadata: { annotations: { [annotation]: '50' } } });
    await pass();
    const { rollouts, code } = await adoptJson();
    const changes = [`Ingress web-web-canary: annotation ${annotation} 50 → 0`];
    expect(rollouts).toMatchObject([{ verdict: 'unexpected', changes }]);
    expect(code).toBe(1);
    expect(await takeOver()).toEqual(changes);
    sim.deleteObject('Ingress', 'shop', 'web-web-canary');
    await pass(Date.now());
    expect((await adoptJson()).rollouts[0]?.changes).toEqual(['create Ingress web-web-canary']);
  });

  const alb = (root: string, ingress: string) => ({
    strategy: {
      canary: {
        ...{ ...services, steps },
        trafficRouting: { alb: { ingress, rootService: root, servicePort: 80 } },
      },
    },
  });

  it('warns where another instance goes on to write ALB actions to the same Ingress', async () => {
    const { sim, run, pass, adopt, adoptJson } = await cluster();
    withServices(sim, 'canary', 'stable');
    const port = { name: 'use-annotation' };
    put(sim, 'Ingress', 'shop', { rules: rules(path('a', port), path('b', port)) });
    put(sim, 'Ingress', 'alone', { rules: rules(path('c', port)) });
    sim.apply('Rollout', web('web', alb('a', 'shop'), 'serin'));
    sim.apply('Rollout', web('theirs', alb('b', 'shop'), 'argo'));
    sim.apply('Rollout', web('other', alb('c', 'alone'), 'argo'));
    await run('web');
    await pass();
    const { shared } = await adoptJson('--instance-id', 'serin');
    expect(shared).toEqual([
      {
        where: 'Ingress shop/shop',
        message:
          'has ALB actions of web, which Serin would write, and of theirs (instance argo), which ' +
          'another controller writes: take them over together, or give each an Ingress of its own',
      },
    ]);
    const { out } = await adopt('--instance-id', 'serin');
    expect(out).toMatch(
      /\nWritten by two controllers:\n {2}Ingress shop\/shop has ALB actions of web, /,
    );
    expect((await adoptJson('--instance-id', 'argo')).shared).toHaveLength(1);
  });
});
