import { Terminal, Transient } from '../errors.ts';
import { isRecord, refusal, type Subject } from '../kubernetes/answers.ts';
import { pathOf } from '../kubernetes/paths.ts';
import { type Credentials, type Transport, transport } from '../kubernetes/transport.ts';
import { definitions } from '../model/definitions.ts';
import type { ClusterEntry } from '../model/documents.ts';
import { rolloutApiVersion } from '../model/names.ts';
import type { Millis } from '../model/units.ts';
import { readDoorbellUrl, secretHash } from '../registry/webhookSecret.ts';
import { type Asking, missingRights, post } from './access.ts';
import { accessCommand, controllerGroup, egressProblem } from './checkEks.ts';
import { metricFindings } from './checkMetrics.ts';
import { routerFindings } from './checkRouters.ts';
import type { Finding } from './finding.ts';
import { servedDefinitions } from './installed.ts';
import type { Right, RightsByRouter } from './rights.ts';

const timeoutMs: Millis = 10_000;

/** `by` reaches the cluster as Serin does; `admin`, if there is one, as somebody who may see more. */
export type ApiCheck = {
  entry: ClusterEntry;
  by: Credentials;
  admin?: Credentials;
  rights: Right[];
  routers: RightsByRouter;
  userAgent: string;
  now: Millis;
  /** When it was heard last, if that is known. */
  rangAt?: Millis;
};

type Who = { username: string; groups: string[] };

/** What the cluster's API server says: who Serin is there, what it may do, and what is installed. */
export async function checkApi(check: ApiCheck): Promise<Finding[]> {
  const { entry, by, userAgent } = check;
  const { send } = transport(by, { userAgent, timeoutMs });
  const seer = check.admin ? transport(check.admin, { userAgent, timeoutMs }).send : send;
  let who: Who;
  try {
    who = await whoAmI(send);
  } catch (error) {
    return [signInFailed(error, entry)];
  }
  const isOwn = who.groups.includes(controllerGroup);
  const asking: Asking = isOwn ? { send, isOwn } : { send: seer, isOwn };
  const reader = isOwn ? by : (check.admin ?? by);
  return [
    signedIn(who),
    ...(await seen('rights', async () => [await rightsOf(asking, check)])),
    ...(await seen('routers', () =>
      routerFindings(check.routers, { asking, reader: { ...reader, userAgent } }),
    )),
    ...(await seen('metrics', () =>
      metricFindings(entry.metrics ?? [], { reader: { ...reader, userAgent }, isOwn }),
    )),
    ...(await seen('definitions', async () => [await definitionsOf({ ...by, userAgent })])),
    ...(await seen('doorbell', async () => [await doorbellOf(seer, check)])),
  ];
}

/** What may not be looked at is said to be unseen. */
async function seen(what: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    const todo = 'look as an administrator of the cluster: --kubeconfig FILE';
    return [{ what, state: 'unseen', text: error.message, todo }];
  }
}

async function whoAmI(send: Transport['send']): Promise<Who> {
  const { userInfo } = await post(send, 'SelfSubjectReview');
  const { username = '', groups = [] } = (isRecord(userInfo) ? userInfo : {}) as Partial<Who>;
  return { username, groups };
}

function signInFailed(error: unknown, entry: ClusterEntry): Finding {
  if (!(error instanceof Terminal || error instanceof Transient)) throw error;
  const { message } = error;
  if (/: 401\b/.test(message)) {
    const text = 'the API server does not know this role: it has no access entry';
    const todo = accessCommand(entry, entry.roleArn ?? 'ROLE_ARN');
    return { what: 'sign-in', state: 'wrong', text, todo };
  }
  const todo =
    error instanceof Transient
      ? 'see that this machine, and the functions, reach the endpoint: its network, its allowed addresses'
      : 'put that right and check again';
  return { what: 'sign-in', state: 'wrong', text: message, todo };
}

function signedIn({ username, groups }: Who): Finding {
  const what = 'sign-in';
  if (groups.includes(controllerGroup)) {
    return { what, state: 'good', text: `as ${username}, in the group ${controllerGroup}` };
  }
  const text = `as ${username}, who is not in the group ${controllerGroup} and so is not Serin`;
  const todo = 'to try it as Serin does: --as with the role of its functions, if you may assume it';
  return { what, state: 'note', text, todo };
}

async function rightsOf(asking: Asking, { rights }: ApiCheck): Promise<Finding> {
  const what = 'rights';
  const missing = await missingRights(rights, asking);
  if (missing.length === 0) return { what, state: 'good', text: `all ${rights.length} it needs` };
  const text = `it may not ${missing.join(', ')}`;
  return { what, state: 'wrong', text, todo: 'kubectl apply -k infra/cluster, or the chart of it' };
}

async function definitionsOf(as: Credentials & { userAgent: string }): Promise<Finding> {
  const what = 'definitions';
  const served = await servedDefinitions(rolloutApiVersion, as);
  const names = definitions().map(({ metadata }) => metadata.name);
  const missing = names.filter((name) => !served.includes(name));
  if (missing.length === 0) return { what, state: 'good', text: `all ${names.length} are there` };
  const isWithout = missing.includes('rollouts.argoproj.io');
  const todo = 'serin crds --kubeconfig FILE | kubectl apply --server-side -f -';
  return { what, state: isWithout ? 'wrong' : 'note', text: `without ${missing.join(', ')}`, todo };
}

type Webhook = { name?: string; clientConfig?: { url?: string } };

async function doorbellOf(send: Transport['send'], check: ApiCheck): Promise<Finding> {
  const kind = 'ValidatingWebhookConfiguration';
  const subject: Subject = { verb: 'list', kind, namespace: '' };
  const { status, body } = await send({ subject, path: pathOf(kind, subject) });
  if (status >= 300) throw refusal(subject, status, body);
  const { items = [] } = body as { items?: { webhooks?: Webhook[] }[] };
  const urls = items.flatMap(({ webhooks = [] }) => webhooks.map((each) => each.clientConfig?.url));
  return judgeDoorbell([...new Set(urls.filter((url) => url !== undefined))], check);
}

/** `urls`: where the cluster's webhooks call, Serin's among them. */
function judgeDoorbell(urls: string[], { entry, now, rangAt }: ApiCheck): Finding {
  const what = 'doorbell';
  const rings = urls.flatMap((url) => readDoorbellUrl(url) ?? []);
  const { name, doorbell } = entry;
  const problem = rangAt === undefined ? egressProblem(entry.egress) : undefined;
  if (rings.length === 0) {
    const text = 'there is none: Serin asks the cluster every minute';
    const todo = 'apply infra/cluster/doorbell, or the chart with doorbell.url set to its URL';
    const more = problem === undefined ? text : `${text}. For one to ring: ${problem}`;
    return { what, state: 'note', text: more, todo, webhookEnabled: false };
  }
  const good = doorbell.secrets.filter(({ until }) => until === undefined || until > now);
  const kept = rings.map((ring) => good.find(({ sha256 }) => sha256 === secretHash(ring.secret)));
  if (!rings.every((ring, index) => ring.name === name && kept[index] !== undefined)) {
    const text = 'it rings with a secret that is not, or no more, that of this cluster';
    const todo = `serin cluster rotate ${name}, and apply the URL that it prints`;
    return { what, state: 'wrong', text, todo, webhookEnabled: false };
  }
  const last = rangAt === undefined ? '' : `; it rang last at ${new Date(rangAt).toISOString()}`;
  const until = kept.find((each) => each?.until !== undefined)?.until;
  if (until !== undefined) {
    const to = new Date(until).toISOString();
    const text = `it rings with the secret that was, which counts until ${to}${last}`;
    const todo = 'apply the URL that `serin cluster rotate` printed';
    return { what, state: 'note', text, todo, webhookEnabled: problem === undefined };
  }
  const text = `installed, with the right secret${last}`;
  if (problem === undefined) return { what, state: 'good', text, webhookEnabled: true };
  return { what, state: 'note', text: `${text}; but ${problem}`, webhookEnabled: false };
}
