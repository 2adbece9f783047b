import { Conflict, ifWritten, NotFound, Terminal } from '../errors.ts';
import { defined } from '../model/defined.ts';
import type { ClusterEntry, Document } from '../model/documents.ts';
import { keyText } from '../model/key.ts';
import type { RolloutRecord } from '../model/record.ts';
import { hourMs, type Millis, minuteMs } from '../model/units.ts';
import type { Documents, Store } from '../world.ts';
import { secretHash } from './webhookSecret.ts';

/** How long the doorbell takes the secret that was, so that nothing is missed while it is replaced. */
const secretGraceMs: Millis = 24 * 60 * minuteMs;
/** More clusters than one account has. */
const clustersMax = 1000;
const pageSize = 200;
/** Rollouts whose notices are looked at to tell when the doorbell rang. */
const noticesOfMax = 100;
/** Entries of each one's ledger that are looked at for the same, the newest. */
const entriesMax = 20;

/** The clusters that Serin serves, by name. */
export async function clusterEntries(documents: Documents): Promise<ClusterEntry[]> {
  const { items } = await documents.list({ kind: 'cluster' }, { limit: clustersMax });
  return items.map(({ body }) => body);
}

/** Rejects with NotFound, naming those there are. */
export async function registeredCluster(
  documents: Documents,
  name: string,
): Promise<Document<'cluster'>> {
  const found = await documents.get({ kind: 'cluster', id: name });
  if (found) return found;
  const names = (await clusterEntries(documents)).map((each) => each.name);
  const others = names.length === 0 ? 'there is none' : `there are: ${names.join(', ')}`;
  throw new NotFound(`no cluster is registered as ${name}; ${others}`);
}

/** `changed` names the fields of an entry that was there and is written anew. */
export type Added = { entry: ClusterEntry; isNew: boolean; changed: string[] };

/**
 * Registers a cluster, or writes what EKS says now of one that is registered: its doorbell, and who added
 * it, stay as they are. Rejects with Terminal when the name or the cluster is taken, and changes nothing.
 */
export async function addCluster(documents: Documents, entry: ClusterEntry): Promise<Added> {
  const { name } = entry;
  const known = await documents.get({ kind: 'cluster', id: name });
  if (!known) {
    await refuseSecondName(documents, entry);
    await documents
      .put({ kind: 'cluster', id: name, version: 0, body: withMetrics(entry) })
      .catch(sayTaken(name));
    return { entry, isNew: true, changed: [] };
  }
  if (!isSame(known.body, entry)) {
    const { eksName, region, roleArn } = known.body;
    const by = roleArn === undefined ? '' : `, reached as ${roleArn}`;
    throw new Terminal(
      `${name} is the EKS cluster ${eksName} in ${region}${by}: take another name, or first ` +
        `\`serin cluster remove ${name}\``,
    );
  }
  const { addedAt, addedBy } = known.body;
  const { enforce = known.body.doorbell.enforce ?? false } = entry.doorbell;
  const doorbell = { ...known.body.doorbell, enforce };
  const body: ClusterEntry = {
    ...withMetrics(entry, known.body),
    ...{ doorbell, addedAt, addedBy },
  };
  const isAsStrict = (known.body.doorbell.enforce ?? false) === enforce;
  const changed = [...changedFields(known.body, body), ...(isAsStrict ? [] : ['enforce'])];
  if (changed.length > 0) await documents.put({ ...known, body }).catch(sayTaken(name));
  return { entry: body, isNew: false, changed };
}

/** Two names for one cluster would have Serin do everything there twice. */
async function refuseSecondName(documents: Documents, entry: ClusterEntry): Promise<void> {
  const twin = (await clusterEntries(documents)).find((each) =>
    entry.arn === undefined || each.arn === undefined
      ? each.endpoint === entry.endpoint
      : each.arn === entry.arn,
  );
  if (twin) throw new Terminal(`that cluster is registered already, as ${twin.name}`);
}

function isSame(known: ClusterEntry, wanted: ClusterEntry): boolean {
  return (
    known.region === wanted.region &&
    known.eksName === wanted.eksName &&
    known.roleArn === wanted.roleArn
  );
}

function changedFields(known: ClusterEntry, now: ClusterEntry): string[] {
  const fields = ['endpoint', 'ca', 'arn', 'egress', 'isPrivate', 'metricsRoleArn'] as const;
  const isSame = (known.metrics ?? []).join(' ') === (now.metrics ?? []).join(' ');
  const changed = fields.filter((field) => known[field] !== now[field]);
  return [...changed, ...(isSame ? [] : ['metrics'])];
}

/** With what measurements may reach: what is not said stays as it is known, what is empty goes. */
function withMetrics(entry: ClusterEntry, known?: ClusterEntry): ClusterEntry {
  const { metrics = known?.metrics, metricsRoleArn = known?.metricsRoleArn, ...rest } = entry;
  return {
    ...rest,
    ...(metrics !== undefined && metrics.length > 0 && { metrics }),
    ...(metricsRoleArn && { metricsRoleArn }),
  };
}

function sayTaken(name: string) {
  return (error: unknown): never => {
    if (!(error instanceof Conflict)) throw error;
    const text = `${name} was written by somebody else just now: look at it, and try again`;
    throw new Terminal(text, { cause: error });
  };
}

/** Takes a new secret; the ones that were good stay so for a day. Answers until when. */
export async function rotateSecret(
  documents: Documents,
  { name, secret, now }: { name: string; secret: string; now: Millis },
): Promise<{ entry: ClusterEntry; until?: Millis }> {
  const known = await registeredCluster(documents, name);
  const { doorbell } = known.body;
  const until = now + secretGraceMs;
  const old = doorbell.secrets
    .filter((each) => each.until === undefined || each.until > now)
    .map((each) => ({ ...each, until: Math.min(each.until ?? until, until) }));
  const secrets = [{ sha256: secretHash(secret) }, ...old];
  const body = { ...known.body, doorbell: { ...doorbell, secrets } };
  await documents.put({ ...known, body }).catch(sayTaken(name));
  return { entry: body, ...(old.length > 0 && { until }) };
}

/**
 * When a cluster's doorbell was heard last, within the last hour; of some of its rollouts. A notice goes once
 * it has told the ledger who did something, and then the ledger tells that there was one.
 */
export async function lastRing(
  store: Store,
  { name, addedAt }: ClusterEntry,
  now: Millis,
): Promise<Millis | undefined> {
  const since = Math.max(now - hourMs, addedAt);
  const { items } = await store.list(name, { limit: noticesOfMax });
  const heard = await Promise.all(
    items.map(async ({ key }) => {
      const notices = { kind: 'notice' as const, of: keyText(key) };
      const [waiting, told] = await Promise.all([
        store.documents.list(notices, { limit: 1 }),
        store.ledger(key, { limit: entriesMax }),
      ]);
      const reported = told.items.filter(
        ({ actor }) => actor.proof === 'reported' && !actor.isClient,
      );
      return [...waiting.items.map(({ body }) => body.at), ...reported.map(({ at }) => at)];
    }),
  );
  const times = heard.flat().filter((at) => at >= since);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Notes whether the cluster's changes are announced, which decides how often it is asked. */
export async function noteWebhookEnabled(
  documents: Documents,
  name: string,
  webhookEnabled: boolean,
): Promise<void> {
  const known = await registeredCluster(documents, name);
  if (known.body.doorbell.webhookEnabled === webhookEnabled) return;
  const body = { ...known.body, doorbell: { ...known.body.doorbell, webhookEnabled } };
  await documents.put({ ...known, body }).catch(sayTaken(name));
}

/** The rollouts of a cluster that are on their way from one version to another. */
export async function inRelease(store: Store, name: string): Promise<RolloutRecord[]> {
  const records = await recordsOf(store, name);
  const open = ['Progressing', 'Paused'];
  return records.filter(({ view, progress }) =>
    open.includes(view?.phase ?? progress?.phase ?? ''),
  );
}

/**
 * Takes a cluster out of the registry, and forgets its rollouts, so that none of them is due any more;
 * what happened to them stays in the ledger. Done again, it does what is left. Answers how many rollouts.
 */
export async function removeCluster(store: Store, name: string): Promise<number> {
  const { documents } = store;
  for (const kind of ['cluster', 'outage'] as const) {
    const known = await documents.get({ kind, id: name });
    if (known) await documents.remove(known, known.version).catch(sayTaken(name));
  }
  const records = await recordsOf(store, name);
  // One that is written at this moment is forgotten with its next wake, which finds no cluster.
  for (const { key, version } of records) await store.forget(key, version).catch(ifWritten);
  return records.length;
}

/** All of them: rejects with Terminal when one cannot be read. */
async function recordsOf(store: Store, name: string): Promise<RolloutRecord[]> {
  const records: RolloutRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(name, {
      limit: pageSize,
      ...defined({ cursor }),
    });
    records.push(...page.items);
    const [unreadable] = page.unreadable;
    if (unreadable) throw new Terminal(unreadable.reason);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}
