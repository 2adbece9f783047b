import type { Caller } from '../model/caller.ts';
import type { Actor, Verb } from '../model/intent.ts';
import type { RolloutKey } from '../model/key.ts';
import type { World } from '../world.ts';

/** What a policy is asked: may this caller do this, to this rollout or to those of this namespace? */
export type Ask = {
  caller: Caller;
  action: Verb | 'read' | 'tryAnalysis';
  on: Pick<RolloutKey, 'cluster' | 'namespace'> & { name?: string };
};

export type ApiDeps = {
  world: Pick<World, 'clock' | 'store' | 'wakes' | 'log' | 'invoke' | 'inquire' | 'clusters'>;
  /**
   * Who sends this request; undefined if that is not known, which is the end of it. Rejects with
   * Transient or Terminal when it cannot be found out.
   */
  authenticate: (request: Request) => Promise<Caller | undefined>;
  /**
   * Who API Gateway found to have signed a request under /iam, by what it says of that itself.
   * Nobody, where there is no gateway.
   */
  signedBy?: (identity: unknown) => Caller | undefined;
  /** An id for a command: never the same again, and safe in a path. */
  newId: () => string;
  /** Why this caller may not do this; undefined if they may. Everybody known may by default. */
  mayNot?: (ask: Ask) => Promise<string | undefined>;
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
  caller: Caller;
  /** Where the paths of this caller's API begin: those who sign with AWS have their own. */
  root: '' | typeof iamRoot;
  params: Record<string, string>;
};

export const iamRoot = '/iam';

/** The rollout a call's path names. */
export function keyOf({ params }: Call): RolloutKey {
  const { cluster = '', namespace = '', name = '' } = params;
  return { cluster, namespace, name };
}

/** Why the caller may not do this with a rollout, or with those of a namespace; undefined if they may. */
export async function objectionTo(
  { deps, caller }: Call,
  action: Ask['action'],
  { cluster, namespace, name }: RolloutKey,
): Promise<string | undefined> {
  const on = { cluster, namespace, ...(name !== '' && { name }) };
  return deps.mayNot?.({ caller, action, on });
}

export function pathOf({ cluster, namespace, name }: RolloutKey): string {
  return `/v1/clusters/${cluster}/namespaces/${namespace}/rollouts/${name}`;
}
