import type {
  LabelSelector,
  Rollout,
  RolloutTrafficRouting,
} from '../../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../../model/faults.ts';
import { isRecord } from '../../../../model/gotypes.ts';
import { withoutNulls } from '../../../../model/nulls.ts';
import { checkValue } from '../../../../model/structure.ts';
import { isLabelKey, isLabelValue } from '../../../../model/syntax.ts';
import { namespaceOf } from '../../objects.ts';

// What a spec says to version 0.15 of Argo's plugin, which is not loaded: the routes whose weights are set.

const pluginName = 'argoproj-labs/gatewayAPI';
const field = `spec.strategy.canary.trafficRouting.plugins[${pluginName}]`;

/** The field that names one route. With an s it names several, and with `Selector` it chooses by labels. */
const kindsByField = {
  httpRoute: 'HTTPRoute',
  grpcRoute: 'GRPCRoute',
  tcpRoute: 'TCPRoute',
  tlsRoute: 'TLSRoute',
} as const;
export type RouteKind = (typeof kindsByField)[keyof typeof kindsByField];
const kindFields = Object.entries(kindsByField);

export type Settings = {
  namespace: string;
  routes: RouteSetting[];
  selectors: SelectorSetting[];
  /** What a route has while requests go elsewhere than to the stable Service. */
  label: { key: string; value: string } | undefined;
};
/** `hasHeaderRoutes`: whether steps put their header routes into it. */
export type RouteSetting = {
  path: string;
  kind: RouteKind;
  name: string;
  hasHeaderRoutes: boolean;
};
export type SelectorSetting = { path: string; kind: RouteKind; selector: LabelSelector };

type Config = Record<string, unknown>;

export function isUsed({ plugins }: RolloutTrafficRouting): boolean {
  const given = plugins?.[pluginName];
  return given !== undefined && given !== null;
}

function configOf({ spec }: Rollout): Config {
  const given = spec?.strategy?.canary?.trafficRouting?.plugins?.[pluginName];
  return isRecord(given) ? withoutNulls(given) : {};
}

/** Without what has faults. */
export function settingsOf(rollout: Rollout): Settings {
  const config = configOf(rollout);
  const key = textIn(config, 'inProgressLabelKey') || 'rollouts.argoproj.io/gatewayapi-canary';
  const value = textIn(config, 'inProgressLabelValue') || 'in-progress';
  return {
    namespace: textIn(config, 'namespace') || namespaceOf(rollout),
    routes: kindFields.flatMap(([name, kind]) => routesIn(config, name, kind)),
    selectors: kindFields.flatMap(([name, kind]) => {
      const path = `${field}.${name}Selector`;
      const selector = config[`${name}Selector`];
      if (!isRecord(selector) || selectorFaults(selector, path).length > 0) return [];
      return [{ path, kind, selector: selector as LabelSelector }];
    }),
    label: config.disableInProgressLabel === true ? undefined : { key, value },
  };
}

function textIn(config: Config, name: string): string {
  const text = config[name];
  return typeof text === 'string' ? text : '';
}

function routesIn(config: Config, one: string, kind: RouteKind): RouteSetting[] {
  const path = `${field}.${one}`;
  const name = textIn(config, one);
  const single = name === '' ? [] : [{ path, kind, name, hasHeaderRoutes: true }];
  const listed = listIn(config, `${one}s`).flatMap((item, index) => {
    const { name: each, useHeaderRoutes } = isRecord(item) ? item : {};
    if (typeof each !== 'string' || each === '') return [];
    const hasHeaderRoutes = useHeaderRoutes === true;
    return [{ path: `${path}s[${index}].name`, kind, name: each, hasHeaderRoutes }];
  });
  return [...listed, ...single];
}

function listIn(config: Config, name: string): unknown[] {
  const list = config[name];
  return Array.isArray(list) ? list : [];
}

export function settingsFaults(rollout: Rollout): FieldError[] {
  const given = rollout.spec?.strategy?.canary?.trafficRouting?.plugins?.[pluginName];
  if (!isRecord(given)) return fieldError(field, 'must be an object, such as {httpRoute: NAME}');
  const config = configOf(rollout);
  const faults = [
    ...typeFaults(config, 'string', ['namespace', 'inProgressLabelKey', 'inProgressLabelValue']),
    ...typeFaults(config, 'bool', ['disableInProgressLabel']),
    ...typeFaults(config, 'string', Object.keys(kindsByField)),
    ...kindFields.flatMap(([name]) => [
      ...listFaults(config[`${name}s`], `${field}.${name}s`),
      ...selectorFaults(config[`${name}Selector`], `${field}.${name}Selector`),
    ]),
    ...labelFaults(settingsOf(rollout)),
  ];
  const { routes, selectors } = settingsOf(rollout);
  if (faults.length > 0 || routes.length > 0 || selectors.length > 0) return faults;
  const names = Object.keys(kindsByField).flatMap((name) => [name, `${name}s`, `${name}Selector`]);
  return fieldError(field, `must name a route by one of ${names.join(', ')}`);
}

function typeFaults(config: Config, type: string, names: string[]): FieldError[] {
  return names.flatMap((name) => checkValue(type, config[name], `${field}.${name}`));
}

function listFaults(list: unknown, path: string): FieldError[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return fieldError(path, 'must be a list, such as [{name: NAME}]');
  return list.flatMap((item: unknown, index) => {
    const at = `${path}[${index}]`;
    if (!isRecord(item)) return fieldError(at, 'must be an object, such as {name: NAME}');
    const { name = '', useHeaderRoutes } = item;
    if (name === '') return fieldError(`${at}.name`, 'must name a route');
    return [
      ...checkValue('string', name, `${at}.name`),
      ...checkValue('bool', useHeaderRoutes, `${at}.useHeaderRoutes`),
    ];
  });
}

function selectorFaults(selector: unknown, path: string): FieldError[] {
  const faults = checkValue('LabelSelector', selector, path).filter(({ kind }) => kind === 'type');
  if (faults.length > 0 || selector === undefined) return faults;
  const { matchExpressions = [] } = selector as LabelSelector;
  return matchExpressions.flatMap(({ operator, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const isOfValues = ['In', 'NotIn'].includes(operator);
    if (isOfValues && values.length === 0) return fieldError(`${at}.values`, 'must not be empty');
    if (isOfValues || ['Exists', 'DoesNotExist'].includes(operator)) return [];
    return fieldError(`${at}.operator`, 'must be In, NotIn, Exists or DoesNotExist');
  });
}

function labelFaults({ label }: Settings): FieldError[] {
  if (!label) return [];
  return [
    ...(isLabelKey(label.key)
      ? []
      : fieldError(`${field}.inProgressLabelKey`, 'must be the key of a label')),
    ...(isLabelValue(label.value)
      ? []
      : fieldError(`${field}.inProgressLabelValue`, 'must be the value of a label')),
  ];
}
