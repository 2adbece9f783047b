import type { Actor } from '../model/intent.ts';
import type { RolloutKey } from '../model/key.ts';
import type { World } from '../world.ts';
import type { Verb } from './requestSchemas.ts';

/** What a policy is asked: may this person do this, to this rollout or to those of this namespace? */
type Ask = { actor: Actor; action: Verb | 'read'; on: Partial<RolloutKey> };

export type ApiDeps = {
  world: Pick<World, 'clock' | 'store' | 'wakes' | 'log' | 'invoke' | 'clusters'>;
  /** Who sends this request; undefined if that is not known, which is the end of it. */
  authenticate: (request: Request) => Promise<Actor | undefined>;
  /** An id for a command: never the same again, and safe in a path. */
  newId: () => string;
  /** Why this person may not do this; undefined if they may. Everybody known may by default. */
  mayNot?: (ask: Ask) => string | undefined;
  /**
   * The host names this server answers to, without ports; any, if absent. A local server must name
   * them: a web page can make its own name point at 127.0.0.1, but not change the Host it sends.
   */
  hosts?: readonly string[];
};

/** One authenticated request for one place of the API. */
export type Call = {
  deps: ApiDeps;
  request: Request;
  url: URL;
  actor: Actor;
  params: Record<string, string>;
};

/** The rollout a call's path names. */
export function keyOf({ params }: Call): RolloutKey {
  const { cluster = '', namespace = '', name = '' } = params;
  return { cluster, namespace, name };
}

export function pathOf({ cluster, namespace, name }: RolloutKey): string {
  return `/v1/clusters/${cluster}/namespaces/${namespace}/rollouts/${name}`;
}
