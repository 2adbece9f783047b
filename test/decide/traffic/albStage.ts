import { alb } from '../../../lib/decide/traffic/routers/alb.ts';
import type { ALBTrafficRouting } from '../../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

export const field = 'spec.strategy.canary.trafficRouting.alb';
export const prefix = 'alb.ingress.kubernetes.io';
export const managed = 'rollouts.argoproj.io/managed-alb-annotations';

export const pathTo = (name: string, port: object = { name: 'use-annotation' }, path = '/') => ({
  path,
  pathType: 'Prefix',
  backend: { service: { name, port } },
});
export const routePath = (name: string) => ({
  ...pathTo(name, { name: 'use-annotation' }, '/*'),
  pathType: 'ImplementationSpecific',
});
export const rule = (host: string, ...paths: object[]) => ({ host, http: { paths } });

export function ingress(
  name: string,
  rules: object[],
  annotations?: Record<string, string>,
): KubernetesObject {
  const { metadata, ...rest } = manifest('Ingress', name, { spec: { rules } });
  return { ...rest, metadata: { ...metadata, ...(annotations && { annotations }) } };
}

export const web = ingress('web', [rule('web.example', pathTo('root'))]);

type Setting = Partial<Parameters<typeof routerStage>[1]> & { alb?: Partial<ALBTrafficRouting> };

export function stageOf(objects: KubernetesObject[] = [web], setting: Setting = {}): RouterStage {
  const { alb: given = { ingress: 'web' }, routing, ...more } = setting;
  const full = { rootService: 'root', servicePort: 80, ...given };
  return routerStage(alb, { routing: { ...routing, alb: full }, objects, ...more });
}

export function annotationOf(stage: RouterStage, key: string, name = 'web') {
  return stage.object('Ingress', name)?.metadata?.annotations?.[key];
}

export function pathsOf(stage: RouterStage, place = 0, name = 'web'): object[] {
  const { rules } = stage.object('Ingress', name)!.spec as { rules: ReturnType<typeof rule>[] };
  return rules[place]!.http.paths;
}
