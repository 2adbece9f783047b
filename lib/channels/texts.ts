import type { Notification, NotificationKind } from '../model/notification.ts';
import { linksOf } from './links.ts';

// How messages read for people. Pure.

const titles: Record<NotificationKind, string> = {
  begun: 'Release begun',
  paused: 'Paused, waits for a person',
  promoted: 'Promoted',
  aborted: 'Aborted',
  degraded: 'Degraded',
  completed: 'Completed',
  held: 'Held until somebody looks at it',
  conflictingController: 'Another controller is at work',
  clusterUnreachable: 'Cluster does not answer',
};

export function titleOf({ kind }: Pick<Notification, 'kind'>): string {
  return titles[kind];
}

/** `shop/front-api in prod`. */
export function placeOf({ cluster, namespace, rollout }: Notification): string {
  return rollout === undefined ? cluster : `${namespace}/${rollout} in ${cluster}`;
}

/** `Aborted: shop/front-api in prod`. */
export function subjectOf(notification: Notification): string {
  return `${titleOf(notification)}: ${placeOf(notification)}`;
}

/** What there is to know besides the text: name and value. */
export function factsOf({
  revision,
  images = [],
  actor,
  reason,
  failedBy = [],
  at,
}: Notification): [name: string, value: string][] {
  const facts: [string, string | undefined][] = [
    ['Revision', revision === undefined ? undefined : String(revision)],
    ['Image', images.join(', ') || undefined],
    ['By', actor && `${actor.name}${actor.proof === 'reported' ? ' (reported)' : ''}`],
    ['Reason', reason],
    ...failedBy.map(({ metric, value, message, analysisRun }): [string, string] => [
      `Metric ${metric}`,
      `${value || message} (${analysisRun})`,
    ]),
    ['Time', at],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

/** All of it, for e-mail. */
export function letterOf(notification: Notification): string {
  const facts = factsOf(notification).map(([name, value]) => `${name}: ${value}`);
  const links = linksOf(notification).map(([name, url]) => `${name}: ${url}`);
  const more = links.length > 0 ? ['', ...links] : [];
  return [placeOf(notification), '', notification.text, '', ...facts, ...more, ''].join('\n');
}
