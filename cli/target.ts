import type { RolloutKey } from '../lib/model/key.ts';
import { apiPath, type Client, makeClient } from './client.ts';
import { usageError } from './exit.ts';
import type { Call } from './io.ts';

/** The rollout a command line names, and the API that knows it. */
export type Target = { client: Client; key: RolloutKey; path: string };

export function targetOf({ args, options, io }: Call<unknown>): Target {
  const name = rolloutName(args);
  const client = makeClient(options, io);
  const { cluster, namespace } = client.connection;
  const key = { cluster, namespace, name };
  return { client, key, path: apiPath(key) };
}

const kinds = ['rollout', 'rollouts', 'ro', 'rollout.argoproj.io', 'rollouts.argoproj.io'];

/** The rollout's name from `NAME`, `rollout/NAME` or, as with kubectl, `rollout NAME`. */
function rolloutName(words: string[]): string {
  const [first = '', second] = words;
  const [kind = '', named] = first.split('/');
  if (words.length === 2 && second !== undefined && kinds.includes(first)) return second;
  if (words.length === 1 && named !== undefined && kinds.includes(kind)) return named;
  if (words.length === 1 && named === undefined) return first;
  throw usageError(
    `which rollout is meant by ${JSON.stringify(words.join(' '))}?`,
    'Give its name alone, for example `serin get front-api`; `serin list` shows them.',
  );
}
