import { NotFound, Terminal } from './errors.ts';
import type { Document, DocumentKey, DocumentKind } from './model/documents.ts';
import type { AwsSecretRef, HttpAnswer, ServiceAddress } from './model/httpRequest.ts';
import type { Inquiry, InquiryAnswer } from './model/inquiry.ts';
import type { AnyKey, Key, RolloutKey } from './model/key.ts';
import type { Kind, Kinds, ObjectRef } from './model/kinds.ts';
import type { AwsCall, AwsCalls, BalancerCall } from './model/loadBalancer.ts';
import type { MetricName } from './model/metrics.ts';
import type { Channel, DeliveryRecord, Notification } from './model/notification.ts';
import type { MergePatch } from './model/plan.ts';
import type { HttpRead } from './model/reads.ts';
import type { AnyRecord, LedgerEntry, RecordOf, RolloutRecord } from './model/record.ts';
import type { RolloutRow } from './model/rolloutRow.ts';
import type { Millis } from './model/units.ts';
import type { RolloutView } from './model/view.ts';

/**
 * The outside, as far as Serin reaches it. Production, the embedded server and every test differ in
 * the World they pass and in nothing else.
 */
export type World = {
  clock: Clock;
  /** When this process is stopped, as a function is when its time is up: nothing begins that cannot end. */
  endsAt: Millis;
  /** The clusters of this account by name; rejects with NotFound for one that is not registered. */
  cluster: (name: string) => Promise<Cluster>;
  /** What AWS says of what is before a cluster. Only what reconciles has it, as it alone reaches clusters. */
  aws: (cluster: string) => Promise<Aws>;
  /** The servers that metrics come from, as the measurements of a cluster may reach them. */
  http: (cluster: string) => Promise<Http>;
  /** The secrets that those measurements may have of AWS. */
  secrets: (cluster: string) => Promise<Secrets>;
  /** All of them, without a call to any. */
  clusters: () => Promise<ClusterListing[]>;
  store: Store;
  wakes: Wakes;
  /** How people are told of releases; absent where nobody is. */
  messages?: Messages;
  log: Log;
  count: Count;
  /** Names this process in soft claims. Unique, never reused. */
  processId: string;
  /** Serves rollouts whose controller-instance-id label equals this; '' serves those without. */
  instanceId: string;
  /**
   * Runs reconcile for a key now and answers when it ends. `look` only observes, pods included, and
   * writes nothing. In production this invokes the reconcile function, which alone has rights in
   * clusters. Rejects with NotFound (no such rollout) or Transient (call again).
   */
  invoke: (request: InvokeRequest) => Promise<InvokeAnswer>;
  /**
   * Has something else of a cluster looked at, or measured, by what has rights there. Rejects as `invoke`.
   */
  inquire: (inquiry: Inquiry) => Promise<InquiryAnswer>;
};

export type Messages = {
  /** Those of the settings in use. Rejects with Transient where they cannot be read. */
  channels: () => Promise<Channel[]>;
  /**
   * Rejects where the receiver did not take it, with `retryAfterMs` where that says when it may. Answers why
   * there was nothing to send, if so.
   */
  send: (
    channel: Channel,
    notification: Notification,
    endsAt: Millis,
  ) => Promise<{ skipped?: string }>;
};

/** `doorbell`: whether its changes are announced (an admission webhook or a watch). */
type ClusterListing = { name: string; doorbell: boolean };

export type InvokeRequest = { key: RolloutKey; look?: boolean };
export type InvokeAnswer = { view: RolloutView };
/**
 * As the reconcile function hands it back. That nothing is there is an answer: whoever mistypes a name must
 * not make a function fail, which wakes people up.
 */
export type FunctionAnswer<A = InvokeAnswer> = A | { missing: string };

/** The answer, for whoever asked: rejects with NotFound when nothing is there. */
export function foundIn<A extends object>(answer: FunctionAnswer<A>): A {
  if ('missing' in answer) throw new NotFound(answer.missing);
  return answer;
}

export type Clock = {
  now: () => Millis;
  /** Resolves once `now() >= at`. */
  sleepUntil: (at: Millis) => Promise<void>;
};

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: object,
) => void;

/**
 * Counts one, or notes a value, of what model/metrics.ts names. `labels` tell apart what one process
 * counts; on AWS, where each would cost, that is the status of a release alone.
 */
export type Count = (
  name: MetricName,
  value?: number,
  labels?: Readonly<Record<string, string>>,
) => void;

/** `matchLabels` and `matchExpressions` in Kubernetes' own text form: `app=web,tier in (a,b)`. */
export type SelectorText = string;

/**
 * One Kubernetes API server. Every call rejects with one of the four errors of errors.ts:
 * Conflict for 409 (a stale resourceVersion, a name taken), NotFound for 404, Transient for 429,
 * 5xx and a lost connection, Terminal for every other refusal.
 */
export type Cluster = {
  /** Whether changes are announced (an admission webhook or a watch). */
  doorbell: boolean;
  /** The settings have nobody look at its load balancers. */
  unverified?: true;
  get: <K extends Kind>(ref: ObjectRef<K>) => Promise<Kinds[K]>;
  /** `namespace` '' lists all namespaces. Follows pages to the end. */
  list: <K extends Kind>(
    kind: K,
    namespace: string,
    selector?: SelectorText,
  ) => Promise<Kinds[K][]>;
  create: <K extends Kind>(
    kind: K,
    object: Kinds[K],
    options?: { dryRun?: boolean },
  ) => Promise<Kinds[K]>;
  /** A merge patch. `resourceVersion` makes it conditional on that version. */
  patch: <K extends Kind>(
    ref: ObjectRef<K>,
    patch: MergePatch,
    options?: { subresource?: 'status' | 'scale' },
  ) => Promise<Kinds[K]>;
  /** Deletes exactly that object, in that version. */
  remove: (ref: ObjectRef & { uid: string }) => Promise<void>;
  /** By way of the API server. Rejects with Terminal where that does not reach the Service. */
  proxy?: ServiceProxy;
  /** Evicts a pod; `false` when a disruption budget does not allow it now. */
  evict: (ref: ObjectRef<'Pod'> & { uid: string }) => Promise<boolean>;
};

/** What is asked of load balancers, and what of CloudWatch and Lambda. */
export type BalancerAws = Pick<Aws, BalancerCall>;
export type MetricAws = Omit<Aws, BalancerCall>;

/** A request to a Service of the cluster. `path`: with its query. */
export type ServiceProxy = (
  address: ServiceAddress,
  request: { method: string; path: string; headers: Record<string, string>; body?: string },
  signal: AbortSignal,
) => Promise<HttpAnswer>;

/**
 * AWS in the account of a cluster. Each question rejects with NotFound (there is no such thing), Transient
 * (throttled, unreachable), MissingRight or Terminal.
 */
export type Aws = {
  [C in AwsCall]: (input: AwsCalls[C]['input']) => Promise<AwsCalls[C]['answer']>;
};

/**
 * Makes a request, and follows where it is sent on to. Rejects with Terminal where there is no answer, and
 * with Transient where there is no time for it before `endsAt`.
 */
export type Http = (read: HttpRead, endsAt: Millis) => Promise<HttpAnswer>;

/** Reads a secret of AWS. Rejects with NotFound, Transient, MissingRight or Terminal. */
export type Secrets = (ref: AwsSecretRef) => Promise<string>;

async function unasked(): Promise<never> {
  throw new Terminal('nothing is asked of AWS from here');
}
export const unaskedMetrics: MetricAws = { metricData: unasked, invokeFunction: unasked };

/** Of a world whose measurements reach nobody. */
export const unmeasured: Pick<World, 'http' | 'secrets'> = {
  http: async () => async () => {
    throw new Terminal('no server is reached from here');
  },
  secrets: async () => async () => {
    throw new Terminal('no secret of AWS is read from here');
  },
};

/** The reads alone. */
export type ReadableCluster = Pick<Cluster, 'get' | 'list'>;

export type Page<T> = { items: T[]; cursor?: string };

/** A record that a newer Serin wrote, or that is damaged, and what to do about it. */
export type Unreadable = { key: RolloutKey; reason: string };

/**
 * The table. Every operation touches one item, is conditional where it writes, and rejects with
 * Conflict (somebody else wrote), Transient (throttled, unreachable) or Terminal (the engine failed,
 * for example a full disk).
 */
export type Store = {
  load: <K extends AnyKey>(key: K) => Promise<RecordOf<K> | undefined>;
  /** Writes if the stored version is still `record.version`; answers the record with its new one. */
  save: <R extends AnyRecord>(record: R) => Promise<R>;
  /** Forgets an object that is gone, if the version still is the one named. The ledger stays. */
  forget: (key: AnyKey, version: number) => Promise<void>;
  /** Records of a cluster's rollouts, by namespace and name; one that cannot be read hides no other. */
  list: (
    cluster: string,
    options: { namespace?: string; limit: number; cursor?: string },
  ) => Promise<Page<RolloutRecord> & { unreadable: Unreadable[] }>;
  /** Their rows in the list of the fleet, likewise; what was just written may be missing (seconds). */
  rows: (
    cluster: string,
    options: { namespace?: string; limit: number; cursor?: string },
  ) => Promise<Page<RolloutRow> & { unreadable: Unreadable[] }>;
  /** Keys due before `before`, soonest first, read from the (eventually consistent) due index. */
  due: (before: Millis, limit: number) => Promise<Due[]>;
  /** Puts the entry unless one with its uid, kind and resourceVersion is there; false if it was. */
  append: (key: Key, entry: LedgerEntry) => Promise<boolean>;
  /** The ledger, newest first. */
  ledger: (key: Key, options: { limit: number; cursor?: string }) => Promise<Page<LedgerEntry>>;
  /** Messages about a cluster that are on their way, or were sent or given up lately. */
  deliveries: (
    cluster: string,
    options: { limit: number; cursor?: string },
  ) => Promise<Page<DeliveryRecord>>;
  documents: Documents;
};

/** The rest of the table, under the same rules. What has expired is not there, and may be put anew. */
export type Documents = {
  get: <K extends DocumentKind>(key: DocumentKey<K>) => Promise<Document<K> | undefined>;
  /** Writes if the stored version is still `document.version`; answers it with its new one. */
  put: <K extends DocumentKind>(document: Document<K>) => Promise<Document<K>>;
  /** Removes it if the version still is the one named. */
  remove: (key: DocumentKey, version: number) => Promise<void>;
  /** Those of a kind (and of a group), by id. */
  list: <K extends DocumentKind>(
    place: Omit<DocumentKey<K>, 'id'>,
    options: { limit: number; cursor?: string },
  ) => Promise<Page<Document<K>>>;
};

export type Due = { key: AnyKey; dueAt: Millis; queuedFor?: Millis; version: number };

/**
 * A message in the queue: which object, the exact time if the message is a timer's, and what a notice
 * told of, if it is a notice's.
 */
export type WakeMessage = { key: AnyKey; at?: Millis; before?: Before } & Retried;
/**
 * An object as it was before the write that was noticed: a notice comes before its write. An empty
 * version: it was not there. `looks`: how often it was still found like that.
 */
export type Before = { uid: string; resourceVersion: string; looks: number };
/** How often it has been sent again because it failed. */
type Retried = { retries?: number };
/** Asks for the rollouts of a cluster to be compared with the table: what no notice told of. */
type ListMessage = { list: string } & Retried;
export type QueueMessage = WakeMessage | ListMessage;

/** The queue. Messages may be lost, doubled, late and out of order. */
export type Wakes = {
  /** `delayMs` at most 15 minutes (SQS). */
  send: (message: QueueMessage, delayMs: Millis) => Promise<void>;
};
