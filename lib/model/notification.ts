import type { Actor } from './intent.ts';
import type { FailedBy } from './record.ts';
import type { Millis } from './units.ts';

// What people and programs are told of a release by the channels of the settings: docs/messages.md.

/** In the order in which docs/messages.md explains them. */
export const notificationKinds = [
  'begun',
  'paused',
  'promoted',
  'aborted',
  'degraded',
  'completed',
  'held',
  'conflictingController',
  'clusterUnreachable',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];

/** One message, as every channel is given it. To version 1 fields are added, and none is changed. */
export type Notification = {
  version: 1;
  /** The same for each channel and each try. */
  id: string;
  kind: NotificationKind;
  /** RFC 3339, in whole seconds. */
  at: string;
  cluster: string;
  /** Absent where it is of a cluster as a whole, as all that follow but the text. */
  namespace?: string;
  rollout?: string;
  /** Of the Rollout. */
  uid?: string;
  revision?: number;
  images?: string[];
  /** The hash of its pod template, and the step that the release was at when this was seen. */
  podHash?: string;
  stepIndex?: number;
  /** What happened, in a sentence. */
  text: string;
  actor?: Actor;
  /** What a person gave for it. */
  reason?: string;
  /** Of an abort by an analysis. */
  failedBy?: FailedBy[];
  /** Where Serin's page shows it, if the channel says where that is. */
  link?: string;
};

/**
 * A value that is no part of the settings, and where it is read when it is used: `ssm:/serin/messages/shop`,
 * `secretsmanager:serin/messages/shop#key`; in a process of one's own `env:NAME` too.
 */
export type ValueRef = string;

/** An app of Slack. With a `signingSecret` its messages have buttons: docs/adr/0107-buttons-in-slack.md */
export type SlackApp = {
  token: ValueRef;
  /** With buttons its id, which a click comes from. */
  channel: string;
  signingSecret?: ValueRef;
  /** The id of the workspace that clicks come from. */
  team?: string;
  /** For the policies: what everybody who clicks there is in. */
  groups?: string[];
};

/** How a channel is reached: one of these. */
export type Ways = {
  /** Any server. Each request is signed with the secret. */
  webhook: { url: string; secret: ValueRef };
  /** `bus`: its ARN. */
  eventBridge: { bus: string };
  /** `topic`: its ARN. */
  sns: { topic: string };
  /** An incoming webhook, or an app whose message of a release is changed as that goes on. */
  slack: { webhook: ValueRef } | SlackApp;
  /** A workflow that begins with a webhook request. */
  teams: { webhook: ValueRef };
  /** The deployment and the commit status of the commit that an image is tagged with. */
  github: { repository: string; token: ValueRef; environment?: string; api?: string };
  /** By SES. `region`: that of Serin, if absent. */
  email: { from: string; to: string[]; region?: string };
};
export const wayNames = [
  'webhook',
  'eventBridge',
  'sns',
  'slack',
  'teams',
  'github',
  'email',
] as const satisfies (keyof Ways)[];

/** Whom to tell, and of what. An absent list means all; `*` stands for any characters of a name. */
export type Channel = {
  name: string;
  clusters?: string[];
  namespaces?: string[];
  rollouts?: string[];
  kinds?: NotificationKind[];
  /** The address of Serin's page, for links in the messages. */
  page?: string;
} & Partial<Ways>;

/** How far one channel has got with one message. */
export type ChannelState = {
  /** `failed`: given up after a day. `skipped`: there was nothing to send, or the channel is gone. */
  state: 'open' | 'sent' | 'failed' | 'skipped';
  tries: number;
  /** When it is tried again, while it is open. */
  nextAt?: Millis;
  /** When it was sent or given up. */
  endedAt?: Millis;
  /** Why the last try failed, or nothing was sent. */
  said?: string;
};

/** One message on its way. `name`: `ROLLOUT.DIGEST`; what is of a cluster as a whole has namespace `-`. */
export type DeliveryKey = { cluster: string; kind: 'Delivery'; namespace: string; name: string };

/** An item of the table, due as records of objects are. */
export type DeliveryRecord = {
  key: DeliveryKey;
  version: number;
  dueAt?: Millis;
  queuedFor?: Millis;
  /** Somebody is sending it, and nobody else does until then. */
  sendingUntil?: Millis;
  notification: Notification;
  madeAt: Millis;
  /** By the name of the channel. */
  channels: Record<string, ChannelState>;
};
