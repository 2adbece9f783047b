import type { Channel, Notification, NotificationKind } from '../model/notification.ts';

// Where Serin's page shows what a message is of, as page/addresses.ts reads it. Pure.

/** What can be asked for of a release that such a message is of. */
export const asks: Partial<Record<NotificationKind, readonly ('promote' | 'abort')[]>> = {
  begun: ['abort'],
  paused: ['promote', 'abort'],
  promoted: ['abort'],
  degraded: ['abort'],
};

/** The message with a link, where the channel says where the page is. */
export function withLink({ page }: Channel, notification: Notification): Notification {
  const { cluster, namespace, rollout, revision } = notification;
  if (page === undefined) return notification;
  const root = page.replace(/\/+$/, '');
  if (namespace === undefined || rollout === undefined)
    return { ...notification, link: `${root}/` };
  const path = `/c/${cluster}/n/${namespace}/r/${rollout}`;
  const query = revision === undefined ? '' : `?revision=${revision}`;
  const link = `${root}${path}${query}`;
  return { ...notification, link };
}

/**
 * Where the message leads, and what can be asked for there: the page says what it would do, and does it as
 * whoever has signed in there. `given`: what can be asked for, if not what goes with the kind.
 */
export function linksOf(
  { kind, link, rollout }: Notification,
  given = asks[kind],
): [name: string, url: string][] {
  if (link === undefined) return [];
  const to = (ask: string): string => {
    const url = new URL(link);
    url.searchParams.set('ask', ask);
    return url.href;
  };
  const acts = rollout === undefined ? [] : (given ?? []);
  return [
    ['Open', link],
    ...acts.map((ask): [string, string] => [ask === 'promote' ? 'Promote' : 'Abort', to(ask)]),
  ];
}
