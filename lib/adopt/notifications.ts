import { parse } from 'yaml';
import type { Rollout } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import type { Channel, NotificationKind } from '../model/notification.ts';
import { own } from '../model/own.ts';
import { nameOf } from '../model/workload.ts';
import { notificationConfigMap } from './afterArgo.ts';

// What the notifications of Argo Rollouts come to as channels of Serin's settings. Pure.
// argo v1.10.1 docs/features/notifications.md

const annotation = /^notifications\.argoproj\.io\/subscribe\.([\w-]+)\.([\w.-]+)$/;

/** What could not be carried over, where it stands, and why. */
type LeftOut = { where: string; why: string };
export type Imported = { channels: Channel[]; left: LeftOut[] };

/** The triggers that come with Argo Rollouts; an empty list: Serin tells of it in the ledger alone. */
const triggers: Record<string, NotificationKind[]> = {
  'on-rollout-aborted': ['aborted'],
  'on-analysis-run-failed': ['aborted'],
  'on-analysis-run-error': ['aborted'],
  'on-rollout-completed': ['completed'],
  'on-rollout-paused': ['paused'],
  'on-rollout-updated': ['begun'],
  'on-rollout-step-completed': [],
  'on-analysis-run-running': [],
  'on-scaling-replica-set': [],
};

type Subscription = {
  trigger: string;
  service: string;
  recipient: string;
  /** Absent where it is for all rollouts. */
  rollout?: { namespace: string; name: string };
  where: string;
};

/** The channels that the annotations of rollouts and the ConfigMap of a cluster ask for. */
export function importedFrom(
  data: Record<string, string>,
  rollouts: Rollout[],
  cluster: string | undefined,
): Imported {
  const left: LeftOut[] = [];
  const wanted = [...defaultsIn(data, left), ...rollouts.flatMap(subscriptionsOf)];
  const groups = Map.groupBy(
    wanted.filter((each) => isKnown(each, left)),
    ({ service, recipient, rollout }) => [service, recipient, rollout?.namespace ?? ''].join('\n'),
  );
  const names = new Set<string>();
  const channels = [...groups.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const way = wayOf(first, data, left);
    if (!way) return [];
    const all = [first, ...others];
    const kinds = [...new Set(all.flatMap(({ trigger }) => own(triggers, trigger) ?? []))];
    const rules = defined({
      clusters: cluster === undefined ? undefined : [cluster],
      namespaces: first.rollout && [first.rollout.namespace],
      rollouts: first.rollout && [...new Set(all.map(({ rollout }) => rollout?.name ?? '*'))],
    });
    return [{ name: freeName(first, names), ...rules, kinds, ...way }];
  });
  return { channels, left: [...left, ...ownTexts(data)] };
}

function subscriptionsOf(rollout: Rollout): Subscription[] {
  const { namespace = 'default', annotations = {} } = rollout.metadata ?? {};
  const name = nameOf(rollout);
  return Object.entries(annotations).flatMap(([key, value]) => {
    const [, trigger, service] = annotation.exec(key) ?? [];
    if (trigger === undefined || service === undefined) return [];
    const where = `Rollout ${namespace}/${name}: ${key}`;
    return recipientsIn(value).map((recipient) => {
      return { trigger, service, recipient, rollout: { namespace, name }, where };
    });
  });
}

/** Some services need none. */
function recipientsIn(text: string): string[] {
  const named = text.split(';').map((each) => each.trim());
  return named.filter((each, index) => each !== '' || (index === 0 && named.length === 1));
}

type Default = { recipients?: string[]; triggers?: string[]; selector?: string };

/** `subscriptions` of the ConfigMap: what all rollouts are subscribed to. */
function defaultsIn(data: Record<string, string>, left: LeftOut[]): Subscription[] {
  const all = read<Default[]>(data.subscriptions) ?? [];
  return (Array.isArray(all) ? all : []).flatMap(
    ({ recipients, triggers: on, selector }, index) => {
      const where = `${notificationConfigMap}: subscriptions[${index}]`;
      if (selector) {
        left.push({
          where,
          why: `selects rollouts by the labels ${selector}; Serin does by names`,
        });
        return [];
      }
      return (recipients ?? []).flatMap((text) => {
        const [service = '', recipient = ''] = text.split(/:(.*)/s);
        return (on ?? []).map((trigger) => ({ trigger, service, recipient, where }));
      });
    },
  );
}

function isKnown({ trigger, where }: Subscription, left: LeftOut[]): boolean {
  const kinds = own(triggers, trigger);
  if (kinds && kinds.length > 0) return true;
  const why = kinds
    ? `${trigger} is in the ledger alone: see \`serin history\``
    : `${trigger} is no trigger that comes with Argo Rollouts: its condition is not evaluated`;
  left.push({ where, why });
  return false;
}

/** Values are not read: where they are to be put is named. */
function wayOf(
  { service, recipient, where }: Subscription,
  data: Record<string, string>,
  left: LeftOut[],
): Partial<Channel> | undefined {
  const [kind = ''] = service.split('.');
  const config = read<Record<string, unknown>>(data[`service.${service}`]) ?? {};
  if (kind === 'slack') {
    const channel = /^[CG][A-Z0-9]{5,}$/.test(recipient)
      ? recipient
      : `#${recipient.replace(/^#/, '')}`;
    return { slack: { token: 'ssm:/serin/messages/slack', channel } };
  }
  if (kind === 'teams' || kind === 'teams-workflows') {
    return { teams: { webhook: `ssm:/serin/messages/${plainName(`teams-${recipient}`)}` } };
  }
  if (kind === 'email') {
    const from = typeof config.from === 'string' ? config.from : 'serin@example.com';
    return { email: { from, to: [recipient] } };
  }
  if (kind === 'webhook' && typeof config.url === 'string' && /^https:/.test(config.url)) {
    return { webhook: { url: config.url, secret: `ssm:/serin/messages/${plainName(service)}` } };
  }
  const why =
    kind === 'webhook'
      ? `service.${service} has no address that begins with https://`
      : `Serin has no channel for ${kind}: send it from EventBridge (docs/messages.md)`;
  left.push({ where, why });
  return undefined;
}

/** Texts, conditions and headers of one's own, each with its line. */
function ownTexts(data: Record<string, string>): LeftOut[] {
  return Object.entries(data).flatMap(([key, text]) => {
    const lines = text.split('\n');
    const at = (line: number) => `${notificationConfigMap}: ${key}, line ${line + 1}`;
    const find = (pattern: RegExp) =>
      Math.max(
        0,
        lines.findIndex((each) => pattern.test(each)),
      );
    if (key.startsWith('template.')) {
      const why = 'Go templates are not run: messages have the text that docs/messages.md shows';
      return [{ where: at(find(/\{\{/)), why }];
    }
    const [, trigger] = /^trigger\.(.+)$/.exec(key) ?? [];
    if (trigger !== undefined && !Object.hasOwn(triggers, trigger)) {
      return [{ where: at(find(/when:/)), why: `the condition of ${trigger} is not evaluated` }];
    }
    if (key.startsWith('service.webhook.') && /^headers:/m.test(text)) {
      return [{ where: at(find(/^headers:/)), why: 'headers are not sent: requests are signed' }];
    }
    return [];
  });
}

/** Undefined where it is no YAML: a template may be anything. */
function read<T>(text: string | undefined): T | undefined {
  try {
    return parse(text ?? '') ?? undefined;
  } catch {
    return undefined;
  }
}

function plainName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 50);
}

function freeName({ service, recipient, rollout }: Subscription, taken: Set<string>): string {
  const base = plainName([service, recipient, rollout?.namespace].filter(Boolean).join('-'));
  let name = base || 'channel';
  for (let count = 2; taken.has(name); count += 1) name = `${base}-${count}`;
  taken.add(name);
  return name;
}
