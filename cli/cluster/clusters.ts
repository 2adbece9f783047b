import { checkApi } from '../../lib/diagnose/checkApi.ts';
import {
  accessCommand,
  checkEks,
  egressProblem,
  modeCommand,
  takesAccessEntries,
} from '../../lib/diagnose/checkEks.ts';
import { checkMessages } from '../../lib/diagnose/checkMessages.ts';
import type { Finding } from '../../lib/diagnose/finding.ts';
import { rightsByRouter, rightsIn } from '../../lib/diagnose/rights.ts';
import { describeCluster, type EksCluster } from '../../lib/eks/describe.ts';
import { eksAccess, eksClient } from '../../lib/eks/signIn.ts';
import { Terminal } from '../../lib/errors.ts';
import type { Context } from '../../lib/kubernetes/kubeconfig.ts';
import { defined } from '../../lib/model/defined.ts';
import type { ClusterEntry } from '../../lib/model/documents.ts';
import { packaged } from '../../lib/packaged.ts';
import {
  addCluster,
  clusterEntries,
  inRelease,
  lastRing,
  noteWebhookEnabled,
  registeredCluster,
  removeCluster,
  rotateSecret,
} from '../../lib/registry/registry.ts';
import { doorbellUrl, newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { humanAge } from '../../lib/view/words.ts';
import { administered, openAwsTable, operator } from '../admin.ts';
import { CliError, type ExitCode, exitCodes } from '../exit.ts';
import { type Call, type Io, sayJson } from '../io.ts';
import { contextIn, type KubeconfigOptions, namesCluster } from '../kubeconfig.ts';
import { columns, plainAll } from '../text.ts';
import { ownUserAgent } from '../version.ts';
import { type AddInput, addInput, doorbellServer } from './input.ts';

export type NameOptions = { table?: string };
export type AddOptions = NameOptions & {
  region: string;
  eksName?: string;
  roleArn?: string;
  /** False with --no-metrics; commander has true where nothing is said. */
  metrics?: string[] | boolean;
  metricsRole?: string | boolean;
  vpc?: true;
  doorbell: boolean;
  enforce?: boolean;
  principal?: string;
};
export type CheckOptions = NameOptions & KubeconfigOptions & { as?: string };
export type RemoveOptions = NameOptions & { force?: true };

const userAgent = ownUserAgent();
const manifests = packaged('infra/cluster');

export async function add(call: Call<AddOptions>): Promise<ExitCode> {
  const { options, io, args } = call;
  const { metrics, metricsRole, ...plain } = options;
  const input = addInput(args[0] ?? '', {
    ...plain,
    ...(metrics !== undefined && metrics !== true && { metrics }),
    ...(metricsRole !== undefined && metricsRole !== true && { metricsRole }),
  });
  const { name, region, eksName, roleArn } = input;
  const { documents } = await openAwsTable(options, io);
  return await administered(async () => {
    const isKnown = (await documents.get({ kind: 'cluster', id: name })) !== undefined;
    const withBell = options.doorbell && !isKnown;
    const server = withBell ? doorbellServer(options.server ?? io.env.SERIN_SERVER) : '';
    const client = eksClient({ region, ...defined({ roleArn }) });
    const cluster = await describeCluster(client, { region, name: eksName });
    refuseUnfit(cluster, input, options.vpc === true);
    const secret = newSecret();
    const secrets = withBell ? [{ sha256: secretHash(secret) }] : [];
    const { enforce } = options;
    const doorbell = { webhookEnabled: false, ...defined({ enforce }), secrets };
    const by = operator();
    const wanted = { ...entryOf(input, cluster), doorbell, addedAt: Date.now(), addedBy: by };
    const { entry, isNew, changed } = await addCluster(documents, wanted);
    const url = isNew && withBell ? doorbellUrl(server, name, secret) : undefined;
    const next = isNew ? nextSteps(entry, { url, principal: options.principal }) : [];
    if (options.output === 'json') {
      sayJson(io, { cluster: shown(entry), isNew, changed, doorbellUrl: url, next });
      return exitCodes.ok;
    }
    for (const line of addedLines({ entry, cluster, isNew, changed, url, next })) io.say(line);
    return exitCodes.ok;
  });
}

/** What Serin cannot serve is not registered. */
function refuseUnfit(cluster: EksCluster, input: AddInput, isVpc: boolean): void {
  const { status, authenticationMode, isPublic, vpcId } = cluster;
  const where = `EKS cluster ${input.eksName} in ${input.region}`;
  if (!['ACTIVE', 'UPDATING'].includes(status)) throw new Terminal(`${where} is ${status}`);
  if (!takesAccessEntries(cluster)) {
    throw new Terminal(
      `${where} has authentication mode ${authenticationMode}, in which no access entry counts: ` +
        modeCommand(input),
    );
  }
  if (isPublic || isVpc) return;
  throw new Terminal(
    `the endpoint of ${where} is private: put the functions in a VPC that reaches ${vpcId}, ` +
      'and say so with --vpc',
  );
}

function entryOf(input: AddInput, cluster: EksCluster) {
  const { name, region, eksName, roleArn, metrics, metricsRoleArn } = input;
  const { arn, endpoint, ca, egress, isPublic } = cluster;
  return {
    ...{ name, region, eksName, endpoint, ca, arn, egress, isPrivate: !isPublic },
    ...defined({ roleArn, metrics, metricsRoleArn }),
  };
}

type Added = {
  entry: ClusterEntry;
  cluster: EksCluster;
  isNew: boolean;
  changed: string[];
  url: string | undefined;
  next: string[];
};

function addedLines({ entry, cluster, isNew, changed, url, next }: Added): string[] {
  const { name, eksName, region } = entry;
  const what = `EKS cluster ${eksName} in ${region}, Kubernetes ${cluster.version}`;
  if (!isNew) {
    const news = changed.length > 0 ? `written anew: ${changed.join(', ')}` : 'nothing changed';
    return [`${name} is registered already: ${what}; ${news}.`];
  }
  const problem = url === undefined ? undefined : egressProblem(entry.egress);
  return [
    `Registered ${name}: ${what}.`,
    ...(url === undefined
      ? ['No doorbell: Serin asks it every minute.']
      : [
          `Its doorbell: ${url}`,
          'This is shown once: only its hash is kept. Until `serin cluster check` finds it at work, ' +
            'Serin asks the cluster every minute.',
        ]),
    ...(problem === undefined ? [] : [`For it to ring: ${problem}.`]),
    '',
    'Next:',
    ...next.map((step, index) => `  ${index + 1}. ${step}`),
  ];
}

/** What is left to do, in order. */
function nextSteps(
  entry: ClusterEntry,
  { url, principal }: { url: string | undefined; principal: string | undefined },
): string[] {
  const role = entry.roleArn ?? principal ?? 'ROLE_ARN';
  const hint = role === 'ROLE_ARN' ? "  (ROLE_ARN: the stack's output ReconcileRoleArn)" : '';
  const chart = 'helm upgrade --install serin infra/cluster --namespace serin --create-namespace';
  return [
    // Serin begins as soon as it has its rights.
    "stop Argo's controller:   serin adopt --kubeconfig FILE",
    'define Rollouts:          serin crds --kubeconfig FILE | kubectl apply --server-side -f -',
    `let the role in:          ${accessCommand(entry, role)}${hint}`,
    url === undefined
      ? 'give its group rights:    kubectl apply -k infra/cluster'
      : `rights and doorbell:      ${chart} --set-string doorbell.url=${url}`,
    `see that it works:        serin cluster check ${entry.name}`,
  ];
}

/** An entry as it may be printed: the hashes of its secrets are nobody's business. */
function shown({ doorbell, ca: _, ...entry }: ClusterEntry) {
  const { secrets, ...bell } = doorbell;
  return { ...entry, doorbell: { ...bell, secrets: secrets.length } };
}

export async function list({ options, io }: Call<NameOptions>): Promise<ExitCode> {
  const { documents } = await openAwsTable(options, io);
  return await administered(async () => {
    const entries = await clusterEntries(documents);
    if (options.output === 'json') sayJson(io, { items: entries.map(shown) });
    else if (entries.length === 0) io.warn('No cluster is registered: `serin cluster add`.');
    else for (const line of columns(rows(plainAll(entries)))) io.say(line);
    return exitCodes.ok;
  });
}

function rows(entries: ClusterEntry[]): string[][] {
  const head = ['NAME', 'EKS NAME', 'REGION', 'ROLE', 'ENDPOINT', 'CHANGES', 'AGE'];
  return [
    head,
    ...entries.map(({ name, eksName, region, roleArn, isPrivate, doorbell, addedAt }) => [
      ...[name, eksName, region, roleArn ?? '-', isPrivate ? 'private' : 'public'],
      doorbell.webhookEnabled ? 'doorbell' : 'polled',
      humanAge(Date.now() - addedAt),
    ]),
  ];
}

export async function check({ options, io, args }: Call<CheckOptions>): Promise<ExitCode> {
  const store = await openAwsTable(options, io);
  return await administered(async () => {
    const { body: entry } = await registeredCluster(store.documents, args[0] ?? '');
    const findings = [
      ...(await findingsOf(entry, options, {
        env: io.env,
        rangAt: await lastRing(store, entry, Date.now()),
      })),
      ...(await checkMessages(store, entry.name)),
    ];
    const { webhookEnabled } = findings.find(({ what }) => what === 'doorbell') ?? {};
    const isChange =
      webhookEnabled !== undefined && webhookEnabled !== entry.doorbell.webhookEnabled;
    if (isChange) await noteWebhookEnabled(store.documents, entry.name, webhookEnabled);
    const isFine = findings.every(({ state }) => state !== 'wrong');
    if (options.output === 'json') sayJson(io, { cluster: shown(entry), isFine, findings });
    else for (const line of reportLines(plainAll(findings))) io.say(line);
    if (isChange && options.output !== 'json') {
      io.say(
        webhookEnabled
          ? 'From now on Serin relies on the doorbell.'
          : 'From now on Serin polls it.',
      );
    }
    return isFine ? exitCodes.ok : exitCodes.refused;
  });
}

async function findingsOf(
  entry: ClusterEntry,
  options: CheckOptions,
  { env, rangAt }: { env: Io['env']; rangAt: number | undefined },
): Promise<Finding[]> {
  const { as } = options;
  const { region, eksName, roleArn, endpoint, ca } = entry;
  const client = eksClient({ region, ...defined({ roleArn }) });
  const at = { server: endpoint, ...defined({ ca }) };
  const signer =
    as === undefined ? undefined : eksClient({ region, roleArn: as }).config.credentials;
  const signIn = eksAccess({ region, name: eksName, client, at, ...(signer && { signer }) });
  const admin = namesCluster(options) ? { admin: adminContext(options, env) } : {};
  const granted = {
    rights: rightsIn(manifests),
    routers: rightsByRouter(manifests),
  };
  const api = { entry, by: { signIn }, ...admin, ...granted, userAgent };
  return [
    ...(await checkEks(client, entry)),
    ...(await checkApi({ ...api, now: Date.now(), ...defined({ rangAt }) })),
  ];
}

function adminContext(options: KubeconfigOptions, env: Io['env']): Context {
  try {
    return contextIn(options, env);
  } catch (error) {
    if (!(error instanceof Terminal)) throw error;
    const hint = 'Name a kubeconfig and a context of it, or leave out --kubeconfig.';
    throw new CliError(error.message, { exitCode: exitCodes.unreachable, hint });
  }
}

const words = { good: 'ok', note: 'note', unseen: 'not seen', wrong: 'WRONG' };

function reportLines(findings: Finding[]): string[] {
  const lines = columns(findings.map(({ what, state, text }) => [words[state], what, text]));
  return findings.flatMap(({ todo }, index) => [
    lines[index] ?? '',
    ...(todo === undefined ? [] : [`    ${todo}`]),
  ]);
}

export async function remove({ options, io, args }: Call<RemoveOptions>): Promise<ExitCode> {
  const store = await openAwsTable(options, io);
  const name = args[0] ?? '';
  return await administered(async () => {
    const known = await store.documents.get({ kind: 'cluster', id: name });
    if (!known && (await store.list(name, { limit: 1 })).items.length === 0) {
      await registeredCluster(store.documents, name);
    }
    const open = await inRelease(store, name);
    if (open.length > 0 && !options.force) {
      const some = open.slice(0, 5).map(({ key }) => `${key.namespace}/${key.name}`);
      const more = open.length > some.length ? ` and ${open.length - some.length} more` : '';
      const hint = 'Let them end or abort them first, or leave them standing with --force.';
      const message = `releases are under way in ${name}: ${some.join(', ')}${more}`;
      throw new CliError(message, { exitCode: exitCodes.refused, hint });
    }
    const forgotten = await removeCluster(store, name);
    if (options.output === 'json') sayJson(io, { name, forgotten });
    else for (const line of removedLines(name, forgotten, known?.body)) io.say(line);
    return exitCodes.ok;
  });
}

function removedLines(name: string, forgotten: number, entry: ClusterEntry | undefined): string[] {
  const role = entry?.roleArn ?? 'ROLE_ARN';
  const place = entry ? `--region ${entry.region} --cluster-name ${entry.eksName}` : '';
  return [
    `Removed ${name}, and forgot ${forgotten} rollouts; their history is kept.`,
    '',
    'The cluster is as it was: its Rollouts stay, and nobody drives them. What Serin had there:',
    '  1. the doorbell:           kubectl delete validatingwebhookconfiguration serin-doorbell',
    '  2. the rights:             kubectl delete -k infra/cluster',
    '     both, with the chart:   helm uninstall serin --namespace serin',
    `  3. the access entry:       aws eks delete-access-entry ${place} --principal-arn ${role}`,
    '  The definitions of Rollouts stay: to delete them is to delete all Rollouts.',
  ];
}

export async function rotate({ options, io, args }: Call<NameOptions>): Promise<ExitCode> {
  const { documents } = await openAwsTable(options, io);
  const name = args[0] ?? '';
  return await administered(async () => {
    const server = doorbellServer(options.server ?? io.env.SERIN_SERVER);
    const secret = newSecret();
    const { until } = await rotateSecret(documents, { name, secret, now: Date.now() });
    const url = doorbellUrl(server, name, secret);
    if (options.output === 'json') {
      sayJson(io, { name, doorbellUrl: url, oldUntil: until && new Date(until).toISOString() });
      return exitCodes.ok;
    }
    io.say(`The new doorbell of ${name}: ${url}`);
    io.say('This is shown once: only its hash is kept.');
    if (until) io.say(`The old one is taken until ${new Date(until).toISOString()}.`);
    const chart = 'helm upgrade --install serin infra/cluster --namespace serin --reuse-values';
    io.say(`Apply it: ${chart} --set-string doorbell.url=${url}`);
    io.say(`Then: serin cluster check ${name}`);
    return exitCodes.ok;
  });
}
