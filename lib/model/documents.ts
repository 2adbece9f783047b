import type { RolloutKey } from './key.ts';
import type { NotificationKind } from './notification.ts';
import type { LedgerKind } from './record.ts';
import type { Millis } from './units.ts';

/** A cluster that Serin serves, and how it is reached. */
export type ClusterEntry = {
  /** As in the API's paths. */
  name: string;
  region: string;
  /** Its name in EKS, which its tokens are signed for. */
  eksName: string;
  /** Assumed to ask EKS where the cluster is and to sign in; Serin's own role if absent. */
  roleArn?: string;
  /** Where it was when it was added or last asked for; EKS is asked again when that is refused. */
  endpoint: string;
  /** PEM in base64; absent where the public authorities vouch for the endpoint. */
  ca?: string;
  /** EKS' own name for it, which tells it from one that was made anew under the same name. */
  arn?: string;
  /** Which way its API server's calls leave it, those to the doorbell among them. */
  egress?: EgressMode;
  /** Services that measurements may ask through its API server: `monitoring/prometheus:9090`. */
  metrics?: string[];
  /** Assumed to ask AWS what measurements want to know; Serin's own role if absent. */
  metricsRoleArn?: string;
  /** Its API server answers in its VPC only, and the functions run in one that reaches it. */
  isPrivate?: boolean;
  doorbell: DoorbellEntry;
  addedAt: Millis;
  addedBy: string;
};

/** EKS' controlPlaneEgressMode: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-egress.html */
export type EgressMode = 'AWS_MANAGED' | 'CUSTOMER_ROUTED' | 'CUSTOMER_ISOLATED';

/**
 * Whether the cluster tells of changes by an admission webhook, and the secrets it may say it by: two
 * while one takes the place of the other.
 */
export type DoorbellEntry = {
  webhookEnabled: boolean;
  /** Whether a change of a spec that is wrong in itself is refused, and not only warned of. */
  enforce?: boolean;
  secrets: { sha256: string; until?: Millis }[];
};

/** A cluster that does not answer: since when, and when to try again. */
export type Outage = { since: Millis; failures: number; retryAt: Millis; said: string };

/** A long-lived token of the API. It is kept by the SHA-256 of its text, in hex. */
type TokenEntry = {
  /** Who it stands for: the principal's name in policies and in the ledger. */
  name: string;
  groups: string[];
  createdAt: Millis;
  createdBy: string;
};

/** What was to be done once, and that it was begun or done. */
type IdempotencyRecord = {
  by: string;
  isDone: boolean;
  /** When it was first begun, and until when whoever is at it has it alone. */
  at?: Millis;
  until?: Millis;
  /** What is to be done, so that whoever takes over does that and nothing else. */
  plan?: string;
  answer?: string;
};

/** What an admission notice said of who made a change. It proves nothing: the secret can be read. */
export type Notice = {
  key: RolloutKey;
  /** Of the rollout. */
  uid: string;
  user: string;
  at: Millis;
  /** Which transitions of the ledger it may explain. */
  explains: LedgerKind[];
};

/** Issuers, policies and hooks, as `serin settings apply` stored them: YAML, checked before. */
export type StoredSettings = {
  text: string;
  appliedAt: Millis;
  appliedBy: string;
  /** Its `hooks` as JSON: the function of the webhooks starts sooner without a reader of YAML. */
  hooks: string;
  /** Its `clusters` as JSON, for the function that reconciles. Absent in what an older Serin stored. */
  clusters?: string;
  /** Its `metrics` and `messages`, likewise. */
  metrics?: string;
  messages?: string;
};

/** What one release has told in a channel whose message of it is changed as it goes on. */
type Thread = {
  /** Where that message is, once it is posted. */
  at?: { channel: string; ts: string };
  /** Somebody is posting it, and nobody else does until then. */
  postingUntil?: Millis;
  /** By time. */
  lines: ThreadLine[];
};
/** `id`: of the message to people that it is of. */
export type ThreadLine = {
  id: string;
  kind: NotificationKind;
  at: string;
  text: string;
  /** How the release stood then, for buttons. */
  podHash?: string;
  stepIndex?: number;
};

/** The one document of the settings that are in use. */
export const settingsKey = { kind: 'settings', id: 'current' } as const;

/** What the table holds beside the rollouts and their ledgers, by kind. */
type DocumentBodies = {
  cluster: ClusterEntry;
  outage: Outage;
  token: TokenEntry;
  idempotency: IdempotencyRecord;
  notice: Notice;
  settings: StoredSettings;
  thread: Thread;
};
export type DocumentKind = keyof DocumentBodies;

/** `of` groups what is listed together, such as the notices of one rollout. */
export type DocumentKey<K extends DocumentKind = DocumentKind> = {
  kind: K;
  of?: string;
  id: string;
};

export type Document<K extends DocumentKind = DocumentKind> = DocumentKey<K> & {
  /** Counts the writes; every write names the version it has read. 0 = not yet stored. */
  version: number;
  body: DocumentBodies[K];
  /** From then on it is as if it were not there. */
  expiresAt?: Millis;
};
