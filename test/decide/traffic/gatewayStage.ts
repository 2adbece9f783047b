import type { ManagedRoute } from '../../../lib/decide/traffic/router.ts';
import { gatewayApi } from '../../../lib/decide/traffic/routers/gatewayApi/gatewayApi.ts';
import type {
  CanaryStrategy,
  PodTemplateSpec,
  RolloutStatus,
} from '../../../lib/model/argo.generated.ts';
import type { Kind, KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest, type RouterStage, routerStage } from './stage.ts';

// Routes of the Gateway API, as the API server keeps them with its defaults.

export const backend = (name: string, weight = 1) => ({
  ...{ group: '', kind: 'Service', name },
  ...{ port: 80, weight },
});

export const at = (value: string, type = 'PathPrefix') => ({ path: { type, value } });

/** A rule with both versions. */
export const split = (path: string, canary: number, stable: number) => ({
  matches: [at(path)],
  backendRefs: [backend('stable', stable), backend('canary', canary)],
});

export const httpRoute = (name: string, ...rules: object[]) =>
  manifest('HTTPRoute', name, { spec: { parentRefs: [{ name: 'gate' }], rules } });

export const web = httpRoute('web', split('/', 1, 1));

type Given = {
  config?: unknown;
  objects?: KubernetesObject[];
  canary?: CanaryStrategy;
  managed?: string[];
  template?: PodTemplateSpec;
  status?: RolloutStatus;
};

export function stageOf({ config = { httpRoute: 'web' }, objects = [web], ...given }: Given = {}) {
  const { managed = [], ...rest } = given;
  const managedRoutes = managed.map((name) => ({ name }));
  const plugins = { 'argoproj-labs/gatewayAPI': config };
  return routerStage(gatewayApi, { routing: { plugins, managedRoutes }, objects, ...rest });
}

export function rulesOf(stage: RouterStage, name = 'web', kind: Kind = 'HTTPRoute') {
  const { spec } = stage.object(kind, name) ?? {};
  return (spec as { rules: unknown[] }).rules;
}

export const header = (name: string, headerName: string, exact = 'yes'): ManagedRoute => ({
  name,
  header: { name, match: [{ headerName, headerValue: { exact } }] },
});
