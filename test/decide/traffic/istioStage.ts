import type { ManagedRoute } from '../../../lib/decide/traffic/router.ts';
import { istio } from '../../../lib/decide/traffic/routers/istio/istio.ts';
import type { IstioTrafficRouting } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

export const field = 'spec.strategy.canary.trafficRouting.istio';
export const hashLabel = 'rollouts-pod-template-hash';
export const mark = 'argo-rollouts.argoproj.io/managed-by-rollouts';

export const to = (host: string, weight?: number, more: object = {}) => ({
  destination: { host, ...more },
  ...(weight !== undefined && { weight }),
});
export const both = (canary = 0) => [to('stable', 100 - canary), to('canary', canary)];
export const web = (...http: object[]) => manifest('VirtualService', 'web', { spec: { http } });

export type Setting = Partial<Parameters<typeof routerStage>[1]> & { istio?: IstioTrafficRouting };

export function stageOf(objects: KubernetesObject[], setting: Setting = {}): RouterStage {
  const { istio: given = { virtualService: { name: 'web' } }, routing, ...more } = setting;
  return routerStage(istio, { routing: { ...routing, istio: given }, objects, ...more });
}

export function httpOf(stage: RouterStage, name = 'web'): object[] {
  return (stage.object('VirtualService', name)!.spec as { http: object[] }).http;
}

export function subsetsOf(stage: RouterStage): object[] {
  return (stage.object('DestinationRule', 'web')!.spec as { subsets: object[] }).subsets;
}

export const beta = {
  name: 'beta',
  header: { name: 'beta', match: [{ headerName: 'X-Try', headerValue: { exact: '1' } }] },
} satisfies ManagedRoute;
export const look = {
  name: 'look',
  mirror: {
    name: 'look',
    percentage: 35,
    match: [
      {
        method: { exact: 'GET' },
        path: { prefix: '/a' },
        headers: { 'x-a': { regex: 'b.*' } },
      },
    ],
  },
} satisfies ManagedRoute;
export const second = {
  name: 'second',
  header: {
    name: 'second',
    match: [
      { headerName: 'X-Try', headerValue: { exact: '1' } },
      { headerName: 'agent', headerValue: { prefix: 'Mo' } },
    ],
  },
} satisfies ManagedRoute;
export const first = {
  name: 'first',
  header: { name: 'first', match: [{ headerName: 'user', headerValue: { regex: '.*x.*' } }] },
} satisfies ManagedRoute;
