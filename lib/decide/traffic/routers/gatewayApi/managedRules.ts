import type {
  HeaderRoutingMatch,
  RouteMatch,
  StringMatch,
} from '../../../../model/argo.generated.ts';
import { deepEqual } from '../../../../model/patch.ts';
import { isForeign, type Sides, sideOf } from '../../backends.ts';
import { prefixPattern } from '../../prefix.ts';
import type { CarriedRoute, ManagedRoute, TrafficGoal } from '../../router.ts';
import {
  type BackendRef,
  backendOf,
  type Filter,
  type HeaderMatch,
  leadsToBoth,
  type Match,
  type Rule,
  weighted,
} from './rules.ts';
import type { RouteKind } from './settings.ts';

// The rules that steps add: each is made of a rule with both versions, and takes some of its requests.

type Context = Sides & { kind: RouteKind };

/**
 * The rules of a route with those that steps want. A rule for headers stands behind the others, as Argo's
 * plugin puts it: it asks for more than the one that it is made of. A mirrored one may ask for the same, and
 * then it has to be the first.
 */
export function withManaged(
  rules: Rule[],
  goal: TrafficGoal,
  wanted: ManagedRoute[],
  context: Context,
): Rule[] {
  const isManaged = managedBy(rules, context);
  const own = rules.filter((rule) => !isManaged(rule));
  const there = rules.filter(isManaged);
  const others = own.map((rule) =>
    leadsToBoth(rule, context) ? weighted(rule, context, goal) : rule,
  );
  const made = wanted.flatMap((route) =>
    madeOf(route, others, context).map((rule, index) => {
      const name = index === 0 ? route.name : `${route.name}-${index}`;
      return there.find((found) => isSame(found, { ...rule, name })) ?? { ...rule, name };
    }),
  );
  const isFirst = wanted.some((route) => 'mirror' in route);
  return isFirst ? [...made, ...others] : [...others, ...made];
}

/** Before version 1.4 of the Gateway API its standard channel drops the names of rules. */
function isSame({ name, ...found }: Rule, wanted: Rule): boolean {
  return deepEqual({ ...found, name: name ?? wanted.name }, wanted);
}

function routesOfSteps({ rollout }: Context): ManagedRoute[] {
  const { steps = [] } = rollout.spec?.strategy?.canary ?? {};
  return steps.flatMap(({ setHeaderRoute: header, setMirrorRoute: mirror }) => [
    ...(header ? [{ name: header.name ?? '', header }] : []),
    ...(mirror ? [{ name: mirror.name, mirror }] : []),
  ]);
}

function routeNames(context: Context): Set<string> {
  const { managedRoutes = [] } = context.rollout.spec?.strategy?.canary?.trafficRouting ?? {};
  return new Set([...managedRoutes, ...routesOfSteps(context)].map(({ name }) => name));
}

/** A route that is several rules gives the second the name NAME-1, and so on. */
function routeNameIn(rule: string, names: ReadonlySet<string>): string | undefined {
  return [rule, rule.replace(/-\d+$/, '')].find((name) => names.has(name));
}

/** The routes of steps that a route has: one may be several rules. */
export function managedIn(rules: Rule[], context: Context): CarriedRoute[] {
  const isManaged = managedBy(rules, context);
  const ofSteps = routesOfSteps(context);
  const names = routeNames(context);
  const found = rules.filter(isManaged).map((rule): CarriedRoute => {
    const made = ofSteps.find((route) => isMadeOf(route, rule, rules, context));
    const name = rule.name ? routeNameIn(rule.name, names) : made?.name;
    return { name: name ?? '', sends: mirrorsOf(rule, context) > 0 ? 'mirror' : 'header' };
  });
  return found.filter(({ name }, at) => found.findIndex((each) => each.name === name) === at);
}

/**
 * Which of the rules steps have added, other ones than those of the goal among them. In another namespace a
 * name alone does not say so, since whoever writes the rollout chooses it.
 */
export function managedBy(rules: Rule[], context: Context): (rule: Rule) => boolean {
  const ofSteps = routesOfSteps(context);
  const names = routeNames(context);
  return (rule) =>
    rule.name
      ? routeNameIn(rule.name, names) !== undefined && (!isForeign(context) || isLed(rule, context))
      : ofSteps.some((route) => isMadeOf(route, rule, rules, context));
}

/** Whether a rule without a name is what a route makes of another one. */
function isMadeOf(route: ManagedRoute, rule: Rule, rules: Rule[], context: Context): boolean {
  const others = rules.filter((other) => other !== rule && mirrorsOf(other, context) === 0);
  const hasForm = 'mirror' in route ? mirrorsOf(rule, context) > 0 : isForOne(rule, context);
  return (
    hasForm &&
    madeOf(route, others, context).some(({ matches }) => deepEqual(matches, rule.matches))
  );
}

/** Whether a rule has a form that steps give, with the rollout's Services. */
function isLed(rule: Rule, context: Context): boolean {
  return mirrorsOf(rule, context) > 0 ? leadsToBoth(rule, context) : isForOne(rule, context);
}

function isForOne({ backendRefs = [] }: Rule, context: Context): boolean {
  return backendRefs.length === 1 && backendRefs.every((ref) => sideOf(ref, context));
}

function mirrorsOf({ filters = [] }: Rule, context: Context): number {
  const targets = filters.map(({ requestMirror }) => requestMirror?.backendRef ?? {});
  return targets.filter((ref) => sideOf(ref, context)).length;
}

function madeOf(route: ManagedRoute, rules: Rule[], context: Context): Rule[] {
  return rules.flatMap((rule): Rule[] => {
    const canary = leadsToBoth(rule, context) ? backendOf(rule, 'canary', context) : undefined;
    if (!canary) return [];
    const given = rule.matches?.length ? rule.matches : [{}];
    if ('header' in route) {
      const headers = headerMatches(route.header.match ?? []);
      const matches = given.map((match) => ({
        ...match,
        headers: [...withoutNames(match.headers ?? [], headers), ...headers],
      }));
      const backendRefs = [{ ...canary, weight: 1 }];
      return headers.length === 0 ? [] : [{ ...rule, matches, backendRefs }];
    }
    const asked = route.mirror.match ?? [];
    const matches = given.flatMap((match) =>
      asked.flatMap((each) => narrowed(match, each, context.kind)),
    );
    const filters = [...(rule.filters ?? []), mirrorFilter(canary, route.mirror.percentage)];
    return matches.length === 0 ? [] : [{ ...rule, matches, filters }];
  });
}

/** A request has to have all of them. Without the one that has no value, others would match too. */
function headerMatches(match: HeaderRoutingMatch[]): HeaderMatch[] {
  const matches = match.map(({ headerName, headerValue }) => headerMatch(headerName, headerValue));
  const known = matches.filter((each) => each !== undefined);
  return known.length === matches.length ? known : [];
}

/** A prefix is a regular expression, whose whole or part a gateway compares. */
function headerMatch(name: string, value: StringMatch = {}): HeaderMatch | undefined {
  const { exact, prefix, regex } = value;
  if (exact) return { type: 'Exact', name, value: exact };
  const text = prefix ? prefixPattern(prefix) : regex;
  return text ? { type: 'RegularExpression', name, value: text } : undefined;
}

/** A match has each name once, and names of headers have no case. */
function withoutNames(headers: HeaderMatch[], others: HeaderMatch[]): HeaderMatch[] {
  return headers.filter((each) => !others.some((other) => isSameName(each, other)));
}

function isSameName(left: HeaderMatch, right: HeaderMatch): boolean {
  return left.name?.toLowerCase() === right.name?.toLowerCase();
}

function mirrorFilter(canary: BackendRef, percentage = 100): Filter {
  const { group = '', kind = 'Service', name, namespace, port } = canary;
  const backendRef = {
    ...{ group, kind },
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(port !== undefined && { port }),
  };
  const percent = percentage === 100 ? {} : { percent: percentage };
  return { type: 'RequestMirror', requestMirror: { backendRef, ...percent } };
}

/** What both a rule and a step ask for; none where nothing is both. */
function narrowed(given: Match, asked: RouteMatch, kind: RouteKind): Match[] {
  const headers = Object.entries(asked.headers ?? {}).map(([name, value]) =>
    headerMatch(name, value),
  );
  const known = headers.filter((each) => each !== undefined);
  const old = given.headers ?? [];
  const isClear = old.every((each) =>
    known.every((other) => !isSameName(each, other) || deepEqual(each, other)),
  );
  if (known.length < headers.length || !isClear) return [];
  const merged = [...withoutNames(old, known), ...known];
  const rest = merged.length > 0 ? { headers: merged } : {};
  // A GRPCRoute has no paths.
  if (kind === 'GRPCRoute') return asked.path || asked.method ? [] : [{ ...given, ...rest }];
  const method = asked.method?.exact;
  if (method && given.method !== undefined && given.method !== method) return [];
  const path = asked.path ? narrowerPath(given.path, pathMatch(asked.path)) : given.path;
  if (asked.path && !path) return [];
  return [{ ...given, ...(path && { path }), ...(method && { method }), ...rest }];
}

type Path = NonNullable<Match['path']>;

function pathMatch({ exact, prefix, regex }: StringMatch): Path {
  if (exact) return { type: 'Exact', value: exact };
  return prefix
    ? { type: 'PathPrefix', value: prefix }
    : { type: 'RegularExpression', value: regex ?? '' };
}

function narrowerPath(given: Path = {}, asked: Path): Path | undefined {
  const { type = 'PathPrefix', value = '/' } = given;
  const path = { type, value };
  if (deepEqual(path, asked) || isWithin(path, asked)) return path;
  return isWithin(asked, path) ? asked : undefined;
}

/** Whether all paths of one are paths of a prefix. Of an expression only the root is known to be one. */
function isWithin(inner: Path, { type, value = '/' }: Path): boolean {
  if (type !== 'PathPrefix') return false;
  const prefix = value.replace(/\/+$/, '');
  if (prefix === '') return true;
  const { value: path = '/' } = inner;
  return inner.type !== 'RegularExpression' && `${path}/`.startsWith(`${prefix}/`);
}
