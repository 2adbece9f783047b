import { Conflict, Terminal, Transient } from '../errors.ts';
import { defined } from '../model/defined.ts';
import type { Document, ThreadLine } from '../model/documents.ts';
import type { Notification, SlackApp } from '../model/notification.ts';
import { clipped } from '../model/text.ts';
import { hourMs, type Millis, secondMs } from '../model/units.ts';
import { json, parsed, retryAfter, type Sender, type Sending, taken } from './channel.ts';
import { linksOf } from './links.ts';
import { buttonsOf } from './slackButtons.ts';
import { escaped, marked, plain, section } from './slackText.ts';
import { factsOf, placeOf, subjectOf, titleOf } from './texts.ts';

/** A release that takes longer gets a second message. */
const keptMs: Millis = 30 * 24 * hourMs;
/** Whoever posts the first message of a release has that long. */
const postMs: Millis = 30 * secondMs;
const linesMax = 20;

/** An incoming webhook posts each message; an app has one message for each release, and changes it. */
export const slack: Sender<'slack'> = async (way, sending) => {
  const { notification, value, request } = sending;
  if ('webhook' in way) {
    const line = lineOf(notification);
    const url = (await value(way.webhook)).trim();
    taken(await request({ url, ...json(newMessage(notification, [line])) }));
    return {};
  }
  const call = caller(sending, await value(way.token));
  if (notification.rollout === undefined) {
    const content = newMessage(notification, [lineOf(notification)]);
    await call('chat.postMessage', { channel: way.channel, ...content });
    return {};
  }
  return await tellRelease(way, sending, call);
};

type Answer = { ok: boolean; error: string; channel: string; ts: string };
type Call = (method: string, input: object) => Promise<Partial<Answer>>;

function caller({ request }: Sending, token: string): Call {
  return async (method, input) => {
    const { headers, body } = json(input);
    const answer = await request({
      url: `https://slack.com/api/${method}`,
      headers: { ...headers, Authorization: `Bearer ${token.trim()}` },
      body,
    });
    const said = parsed<Answer>(taken(answer));
    if (said.ok) return said;
    const why = `Slack refuses ${method}: ${said.error}`;
    if (said.error !== 'ratelimited') throw new Terminal(why);
    throw Object.assign(new Transient(why), retryAfter(answer.headers['retry-after']));
  };
}

/** Posts the message of the release, or adds a line to it. */
async function tellRelease(
  way: SlackApp,
  { channel: { name }, notification, documents, clock }: Sending,
  call: Call,
): Promise<{ skipped?: string }> {
  const { cluster, namespace, rollout, uid, revision } = notification;
  const id = [cluster, namespace, rollout, uid, revision].join('/');
  const place = { kind: 'thread', of: name, id } as const;
  const now = clock.now();
  const known = await documents.get(place);
  const { at, lines = [] } = known?.body ?? {};
  if (lines.some((line) => line.id === notification.id)) return {};
  const all = [...lines, lineOf(notification)].sort((a, b) => a.at.localeCompare(b.at));
  const shown = all.slice(-linesMax);
  const { channel } = way;
  const told = asOf(notification, shown.at(-1));
  const buttons = way.signingSecret === undefined ? [] : buttonsOf(told);
  const put = async (version: number, body: Document<'thread'>['body']): Promise<number> => {
    const expiresAt = now + keptMs;
    return (await documents.put({ ...place, version, body, expiresAt })).version;
  };
  if (at) {
    await call('chat.update', { ...at, ...contentOf(told, shown, buttons) });
    await put(known?.version ?? 0, { at, lines: shown }).catch(again);
    return {};
  }
  const { postingUntil = 0 } = known?.body ?? {};
  if (postingUntil > now) throw new Transient('the message of this release is being posted');
  const claimed = await put(known?.version ?? 0, { postingUntil: now + postMs, lines }).catch(
    again,
  );
  const { channel: where = channel, ts = '' } = await call('chat.postMessage', {
    ...{ channel, ...newMessage(told, shown, buttons) },
  });
  await put(claimed, { at: { channel: where, ts }, lines: shown }).catch(again);
  return {};
}

/** Somebody else has changed the message since: it is to have both lines. */
function again(error: unknown): never {
  if (!(error instanceof Conflict)) throw error;
  throw new Transient('the message of this release was changed by another process', {
    cause: error,
  });
}

function lineOf({ id, kind, at, text, podHash, stepIndex }: Notification): ThreadLine {
  return { id, kind, at, text: clipped(text, 500), ...defined({ podHash, stepIndex }) };
}

/** The message as its newest line has it: an older one may come later. */
function asOf(notification: Notification, newest: ThreadLine | undefined): Notification {
  if (newest === undefined || newest.id === notification.id) return notification;
  const { podHash: _, stepIndex: __, ...rest } = notification;
  const { kind, podHash, stepIndex } = newest;
  return { ...rest, kind, ...defined({ podHash, stepIndex }) };
}

/**
 * What others wrote is never read as markup: it calls nobody, links nowhere and has no look of its own.
 * `text`: what is shown where no blocks are, as on a phone's lock screen.
 */
function contentOf(notification: Notification, lines: ThreadLine[], buttons: object[]): object {
  const head = `*${escaped(titleOf(notification))}*  ${escaped(placeOf(notification))}`;
  const told = lines.map(({ at, text }) =>
    lines.length > 1 ? `${at.slice(11, 16)}  ${text}` : text,
  );
  const facts = factsOf(notification).map(([name, value]) => `${name}: ${value}`);
  const asked = buttons.length > 0 ? [] : undefined;
  const links = linksOf(notification, asked).map(([name, url]) => `<${escaped(url)}|${name}>`);
  return {
    text: escaped(`${subjectOf(notification)}. ${notification.text}`),
    // Without this, `chat.update` makes links of addresses, and of names with @ and #.
    ...{ parse: 'none', link_names: false },
    blocks: [
      section(marked(head)),
      section(plain(told.join('\n'), 3000)),
      ...(links.length > 0 ? [section(marked(links.join('  ·  ')))] : []),
      ...(buttons.length > 0 ? [{ type: 'actions', elements: buttons }] : []),
      { type: 'context', elements: [plain(facts.join('  ·  '), 2000)] },
    ],
  };
}

/** Nothing is shown of what an address in the message leads to. */
function newMessage(
  notification: Notification,
  lines: ThreadLine[],
  buttons: object[] = [],
): object {
  return { ...contentOf(notification, lines, buttons), unfurl_links: false, unfurl_media: false };
}
