import { readFileSync } from 'node:fs';
import type { CanaryStrategy, TrafficWeights } from '../../../lib/model/argo.generated.ts';
import type { Kind, KubernetesObject } from '../../../lib/model/kinds.ts';
import { manifest } from './stage.ts';

// What Argo's controller v1.10.1 made of the objects of routers, by the weights that it told of:
// peer/NAME.json has a scenario's strategy and, at each rest, the weights and the objects.

export type Seen = {
  after: string[];
  weights: TrafficWeights | null;
  objects: Record<string, Fields>;
};
/** An annotation that is JSON is recorded as what it says. */
type Fields = { annotations?: Record<string, unknown>; spec?: object };

export function recorded(name: string): { canary: CanaryStrategy; observations: Seen[] } {
  return JSON.parse(readFileSync(new URL(`peer/${name}.json`, import.meta.url), 'utf8'));
}

/** The goal that the weights of an observation tell of. */
export function goalAt({ weights }: Seen) {
  const { canary, stable, additional = [] } = weights!;
  return {
    weight: canary!.weight,
    additional: additional.map(({ serviceName = '', podTemplateHash = '', weight }) => ({
      service: serviceName,
      hash: podTemplateHash,
      weight,
    })),
    hashes: { canary: canary!.podTemplateHash!, stable: stable!.podTemplateHash! },
  };
}

export function objectsOf({ objects }: Seen): KubernetesObject[] {
  return Object.entries(objects).map(([id, { annotations, spec }]) => {
    const [kind, name = ''] = id.split(' ') as [Kind, string];
    const { metadata, ...rest } = manifest(kind, name, { spec });
    return {
      ...rest,
      metadata: { ...metadata, ...(annotations && { annotations: eachOf(annotations, textOf) }) },
    };
  });
}

/** Objects as a recording has them. */
export function seen(objects: KubernetesObject[]): Record<string, Fields> {
  return Object.fromEntries(
    objects.map(({ kind, metadata = {}, spec }) => {
      const { name, annotations } = metadata;
      return [
        `${kind} ${name}`,
        { ...(annotations && { annotations: eachOf(annotations, saidIn) }), spec: spec as object },
      ];
    }),
  );
}

function eachOf<T, U>(fields: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(value)]));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function saidIn(text: string): unknown {
  return /^[[{]/.test(text) ? JSON.parse(text) : text;
}
