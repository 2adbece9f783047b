import { Conflict, Terminal, Transient } from '../errors.ts';
import type { Document, ThreadLine } from '../model/documents.ts';
import type { Notification } from '../model/notification.ts';
import { clipped } from '../model/text.ts';
import { hourMs, type Millis, secondMs } from '../model/units.ts';
import { json, parsed, retryAfter, type Sender, type Sending, taken } from './channel.ts';
import { linksOf } from './links.ts';
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
  return await tellRelease(way.channel, sending, call);
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
  channel: string,
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
  const newest = shown.at(-1)?.id === notification.id;
  const told = { ...notification, ...(!newest && { kind: kindOf(shown) }) };
  const put = async (version: number, body: Document<'thread'>['body']): Promise<number> => {
    const expiresAt = now + keptMs;
    return (await documents.put({ ...place, version, body, expiresAt })).version;
  };
  if (at) {
    await call('chat.update', { ...at, ...contentOf(told, shown) });
    await put(known?.version ?? 0, { at, lines: shown }).catch(again);
    return {};
  }
  const { postingUntil = 0 } = known?.body ?? {};
  if (postingUntil > now) throw new Transient('the message of this release is being posted');
  const claimed = await put(known?.version ?? 0, { postingUntil: now + postMs, lines }).catch(
    again,
  );
  const { channel: where = channel, ts = '' } = await call('chat.postMessage', {
    ...{ channel, ...newMessage(told, shown) },
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

function lineOf({ id, kind, at, text }: Notification): ThreadLine {
  return { id, kind, at, text: clipped(text, 500) };
}

function kindOf(lines: ThreadLine[]): Notification['kind'] {
  return lines.at(-1)?.kind ?? 'begun';
}

/**
 * What others wrote is never read as markup: it calls nobody, links nowhere and has no look of its own.
 * `text`: what is shown where no blocks are, as on a phone's lock screen.
 */
function contentOf(notification: Notification, lines: ThreadLine[]): object {
  const head = `*${escaped(titleOf(notification))}*  ${escaped(placeOf(notification))}`;
  const told = lines.map(({ at, text }) =>
    lines.length > 1 ? `${at.slice(11, 16)}  ${text}` : text,
  );
  const facts = factsOf(notification).map(([name, value]) => `${name}: ${value}`);
  const links = linksOf(notification).map(([name, url]) => `<${escaped(url)}|${name}>`);
  return {
    text: escaped(`${subjectOf(notification)}. ${notification.text}`),
    // Without this, `chat.update` makes links of addresses, and of names with @ and #.
    ...{ parse: 'none', link_names: false },
    blocks: [
      section(marked(head)),
      section(plain(told.join('\n'), 3000)),
      // Links, and no buttons: those want an app of Slack that answers when one is pressed.
      ...(links.length > 0 ? [section(marked(links.join('  ·  ')))] : []),
      { type: 'context', elements: [plain(facts.join('  ·  '), 2000)] },
    ],
  };
}

/** Nothing is shown of what an address in the message leads to. */
function newMessage(notification: Notification, lines: ThreadLine[]): object {
  return { ...contentOf(notification, lines), unfurl_links: false, unfurl_media: false };
}

function section(text: object): object {
  return { type: 'section', text };
}

/** Words of Serin's own; and names, of whose letters no link can be made. */
function marked(text: string): object {
  return { type: 'mrkdwn', text, verbatim: true };
}

function plain(text: string, lettersMax: number): object {
  // Not in the middle of an escape.
  const shown = clipped(escaped(text), lettersMax).replace(/&[a-z]{0,3}…$/, '…');
  return { type: 'plain_text', text: shown, emoji: false };
}

// https://docs.slack.dev/messaging/formatting-message-text
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
