import type { HttpAnswer, HttpRequest, SecretRef, Via } from './httpRequest.ts';
import { type Kind, type Kinds, type ObjectRef, refText } from './kinds.ts';
import type { AwsCall, AwsCalls } from './loadBalancer.ts';
import { refOf } from './plan.ts';

// What a turn asks of the outside and what comes back, as data: lib/decide says what it needs to know, and
// lib/observe reads it. Each variant of Read has a reader in lib/observe/readers.

export type Read<K extends Kind = Kind> =
  | ObjectRead<K>
  | ListRead<K>
  | DryRunRead<K>
  | AwsRead
  | HttpRead
  | SecretRead;
export type ObjectRead<K extends Kind = Kind> = { object: ObjectRef<K> };
/** The objects of a kind in a namespace, all of them or those with the labels that are asked for. */
export type ListRead<K extends Kind = Kind> = { list: K; namespace: string; selector?: string };
/** What the API server would make of an object, without creating it. */
export type DryRunRead<K extends Kind = Kind> = { dryRun: Kinds[K]; kind: K };
/** A question to AWS, in the account of the cluster. */
export type AwsRead<C extends AwsCall = AwsCall> = { aws: C; input: AwsCalls[C]['input'] };
/**
 * A request to a server that metrics come from. It fails for good where there is no answer: that is what was
 * measured. Only where it was not even tried, as there is no time for it, the failure passes.
 */
export type HttpRead = { http: HttpRequest; via: Via };
/** The text of a secret. `name` and `namespace` are of a Secret of the cluster. */
export type SecretRead = { secret: SecretRef };

/** `passing`: asked again later, it may be answered. */
export type Answer<T = unknown> = { ok: T } | Missing | Failed;
/**
 * It does not exist. `unserved`: nor can it, as the cluster does not serve its kind. `apiVersion`: in which
 * version it can, where that is not the preferred one.
 */
type Missing = { missing: true; unserved?: true; apiVersion?: string };
/** Why there is no answer, and the RBAC rule that is lacking where that is the reason. */
type Failed = { failed: string; passing: boolean; remedy?: string };

/** The object with the API server's defaults. Or its name is `taken`: by that object, if it still is. */
export type DryRunOutcome<K extends Kind = Kind> = { made: Kinds[K] } | { taken?: Kinds[K] };

/**
 * A read, and which of its failures the turn goes on with, so that they are decided upon. With any other it
 * ends, and is taken again later.
 */
export type Need = { read: Read; bears: 'none' | 'lasting' | 'all' };

/** What has been answered so far. Undefined of what was not asked. */
export type Answers = {
  to: (read: Read) => Answer | undefined;
  object: <K extends Kind>(ref: ObjectRef<K>) => Answer<Kinds[K]> | undefined;
  list: <K extends Kind>(read: ListRead<K>) => Answer<Kinds[K][]> | undefined;
  dryRun: <K extends Kind>(read: DryRunRead<K>) => Answer<DryRunOutcome<K>> | undefined;
  aws: <C extends AwsCall>(read: AwsRead<C>) => Answer<AwsCalls[C]['answer']> | undefined;
  http: (read: HttpRead) => Answer<HttpAnswer> | undefined;
  secret: (read: SecretRead) => Answer<string> | undefined;
};

/** Names a read among those of a turn, which makes each once. */
export function readKey(read: Read): string {
  if ('object' in read) return `get ${refText(read.object)}`;
  if ('list' in read) return `list ${read.list} ${read.namespace} ${read.selector ?? ''}`;
  if ('aws' in read) return `aws ${read.aws} ${JSON.stringify(read.input)}`;
  if ('http' in read) return `http ${JSON.stringify([read.http, read.via])}`;
  if ('secret' in read) return `secret ${JSON.stringify(read.secret)}`;
  return `dry-run ${refText(refOf(read.kind, read.dryRun))}`;
}

/** `known`: by key. What a reader answers is of the type that its read asks for. */
export function answersIn(known: ReadonlyMap<string, Answer>): Answers {
  const to = (read: Read): Answer | undefined => known.get(readKey(read));
  return {
    to,
    object: <K extends Kind>(ref: ObjectRef<K>) =>
      to({ object: ref }) as Answer<Kinds[K]> | undefined,
    list: <K extends Kind>(read: ListRead<K>) => to(read) as Answer<Kinds[K][]> | undefined,
    dryRun: <K extends Kind>(read: DryRunRead<K>) =>
      to(read) as Answer<DryRunOutcome<K>> | undefined,
    aws: <C extends AwsCall>(read: AwsRead<C>) =>
      to(read) as Answer<AwsCalls[C]['answer']> | undefined,
    http: (read) => to(read) as Answer<HttpAnswer> | undefined,
    secret: (read) => to(read) as Answer<string> | undefined,
  };
}

export function okOf<T>(answer: Answer<T> | undefined): T | undefined {
  return answer && 'ok' in answer ? answer.ok : undefined;
}

/** The first read without whose answer the turn cannot go on. That an object is missing is an answer. */
export function unmetOf(needs: readonly Need[], answers: Answers): Read | undefined {
  return needs.find(({ read, bears }) => {
    const answer = answers.to(read);
    if (answer === undefined || 'ok' in answer) return false;
    // A list is missing where the cluster does not serve the kind.
    if ('missing' in answer) return 'dryRun' in read || ('list' in read && bears === 'none');
    return bears === 'none' || (bears === 'lasting' && answer.passing);
  })?.read;
}
