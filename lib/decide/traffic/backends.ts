import { namespaceOf } from './objects.ts';
import type { Routed } from './router.ts';

// What a route leads to where its Services have names and weights, of which an absent one is 1.

export type Backend = { name?: string; namespace?: string; weight?: number };
/** `from` is the namespace of the object that they stand in: that of the rollout where it is absent. */
export type Sides = Pick<Routed, 'rollout' | 'services'> & { from?: string };
export type Side = 'canary' | 'stable';

/** One of another namespace is another's, whatever its name. */
export function sideOf(backend: Backend, sides: Sides): Side | undefined {
  const { name } = backend;
  const { canary, stable } = sides.services;
  if (!name || !isInOwn(backend, sides)) return undefined;
  if (name === canary) return 'canary';
  return name === stable ? 'stable' : undefined;
}

/** Whether it is in the rollout's namespace. Without one it is in that of the object it stands in. */
export function isInOwn({ namespace }: Pick<Backend, 'namespace'>, sides: Sides): boolean {
  const own = namespaceOf(sides.rollout);
  return (namespace || sides.from || own) === own;
}

/** Whether the object is of another namespace, whose owner says by namespaces what in it is the rollout's. */
export function isForeign(sides: Sides): boolean {
  return !isInOwn({}, sides);
}

export function haveBoth(backends: Backend[], sides: Sides): boolean {
  const found = backends.map((backend) => sideOf(backend, sides));
  return found.includes('canary') && found.includes('stable');
}

/** The part of the requests that goes to the canary, in 100; its weight, where that is more. */
export function canaryPart(backends: Backend[], sides: Sides): number {
  const sum = (list: Backend[]) => list.reduce((all, { weight = 1 }) => all + weight, 0);
  const weight = sum(backends.filter((backend) => sideOf(backend, sides) === 'canary'));
  const total = sum(backends);
  return total > 0 ? Math.max(weight, Math.ceil((weight * 100) / total)) : 0;
}

/** The same one, where it has that weight already. */
export function withWeight<T extends Backend>(backend: T, weight: number): T {
  return (backend.weight ?? 1) === weight ? backend : { ...backend, weight };
}
