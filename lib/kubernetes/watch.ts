import { Terminal, Transient } from '../errors.ts';
import type { Kind, Kinds } from '../model/kinds.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { SelectorText } from '../world.ts';
import { describe, isRecord, refusal, type Subject, typed } from './answers.ts';
import { pathOf } from './paths.ts';
import type { Transport } from './transport.ts';

/** Told of everything there is, page by page, and then of every change, in order. */
export type Sink<K extends Kind> = {
  found: (items: Kinds[K][]) => void;
  /** That was all there is: what is none of these, by uid, is gone. */
  complete: (uids: ReadonlySet<string>) => void;
  change: (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Kinds[K]) => void;
  /** Something went wrong, and is tried again. */
  trouble: (error: Error) => void;
};

type Place = { namespace: string; selector?: SelectorText };

/**
 * Follows all objects of a kind until the signal aborts. Resolves once the first list is there; rejects
 * with Terminal when that is refused. Later trouble, of whatever kind, is told and tried again.
 */
export type Watch = <K extends Kind>(
  kind: K,
  place: Place,
  sink: Sink<K>,
  signal: AbortSignal,
) => Promise<void>;

/** How long the server keeps one watch open. Some proxies end what takes over five minutes. */
const watchSeconds = 240;
/**
 * A bookmark comes at least every five quarters of a minute, even where nothing changes: who has heard
 * nothing for twice as long hears nobody any more.
 */
const silentMs: Millis = 150 * secondMs;
const retryMinMs: Millis = 200;
/** A server that is back is heard within so long: what became due meanwhile waits for it. */
const retryMaxMs: Millis = 3 * secondMs;
/** No object is larger than etcd allows, which is a tenth of this. */
const lineMax = 16 * 2 ** 20;

/** Is given the pages of a list. After the first one may come another first one: it has begun anew. */
export type Found<K extends Kind> = (items: Kinds[K][], isFirst: boolean) => void;
type Followed<K extends Kind> = Place & { kind: K };

export async function watch<K extends Kind>(
  { open }: Pick<Transport, 'open'>,
  list: (found: Found<K>) => Promise<string>,
  followed: Followed<K>,
  sink: Sink<K>,
  signal: AbortSignal,
): Promise<void> {
  const listAnew = async (): Promise<string> => {
    const uids = new Set<string>();
    const version = await list((items, isFirst) => {
      if (isFirst) uids.clear();
      for (const { metadata } of items) uids.add(metadata?.uid ?? '');
      if (!signal.aborted) sink.found(items);
    });
    if (!signal.aborted) sink.complete(uids);
    return version;
  };
  const version = await untilListed(listAnew, sink, signal);
  // Not waited for: it goes on for as long as the signal lets it.
  void keepFollowing(open, listAnew, { followed, sink, signal, version });
}

async function untilListed<K extends Kind>(
  listAnew: () => Promise<string>,
  sink: Sink<K>,
  signal: AbortSignal,
): Promise<string> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await listAnew();
    } catch (error) {
      if (!(error instanceof Transient) || signal.aborted) throw error;
      sink.trouble(error);
      await pause(failures, signal);
    }
  }
}

async function keepFollowing<K extends Kind>(
  open: Transport['open'],
  listAnew: () => Promise<string>,
  from: { followed: Followed<K>; sink: Sink<K>; signal: AbortSignal; version: string },
): Promise<void> {
  const { followed, sink, signal } = from;
  let version: string | undefined = from.version;
  for (let failures = 0; !signal.aborted; ) {
    try {
      version ??= await listAnew();
      const seen: string | undefined = await follow(open, followed, { sink, signal, version });
      failures = 0;
      version = seen;
    } catch (error) {
      if (signal.aborted) return;
      sink.trouble(error as Error);
      await pause(failures, signal);
      failures += 1;
      // What changed meanwhile may be lost to a watch that goes on from the old version.
      version = undefined;
    }
  }
}

/** Follows changes from a version until the server ends it. Undefined: the version is too old. */
async function follow<K extends Kind>(
  open: Transport['open'],
  { kind, namespace, selector = '' }: Followed<K>,
  { sink, signal, version }: { sink: Sink<K>; signal: AbortSignal; version: string },
): Promise<string | undefined> {
  const subject: Subject = { verb: 'watch', kind, namespace };
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(watchSeconds),
    ...(selector === '' ? {} : { labelSelector: selector }),
  };
  const call = { subject, path: pathOf(kind, { namespace }), query };
  const silence = new AbortController();
  const { status, text, body } = await open(call, AbortSignal.any([signal, silence.signal]));
  if (status === 410) return undefined;
  if (text === undefined) throw refusal(subject, status, body);
  let seen = version;
  for await (const line of lines(heard(text, silence, subject))) {
    const { type, object } = JSON.parse(line) as { type?: string; object?: unknown };
    if (!isRecord(object)) throw new Transient(`watch ${kind}: a line without an object`);
    if (type === 'ERROR') {
      if (object.code === 410) return undefined;
      throw refusal(subject, Number(object.code ?? 500), object);
    }
    const { resourceVersion } = (object.metadata ?? {}) as { resourceVersion?: string };
    seen = resourceVersion ?? seen;
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
      sink.change(type, typed(kind, object));
    }
  }
  return seen;
}

/** The text, for as long as some of it comes. */
async function* heard(
  text: AsyncIterable<string>,
  silence: AbortController,
  subject: Subject,
): AsyncGenerator<string> {
  const timer = setTimeout(() => silence.abort(), silentMs);
  try {
    for await (const chunk of text) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    throw new Transient(`${describe(subject)}: silent for ${silentMs / secondMs} s`);
  } finally {
    clearTimeout(timer);
  }
}

async function* lines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > lineMax) throw new Terminal('a watch sent a line without an end');
    for (const part of parts) if (part.trim() !== '') yield part;
  }
}

/** Longer each time, and never for everybody at the same moment. */
async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const most = Math.min(retryMaxMs, retryMinMs * 2 ** failures);
  const ms = most * (0.5 + Math.random() / 2);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => [clearTimeout(timer), resolve()], { once: true });
  });
}
