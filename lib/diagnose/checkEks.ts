import {
  DescribeAccessEntryCommand,
  type EKSClient,
  ListAccessEntriesCommand,
} from '@aws-sdk/client-eks';
import { describeCluster, type EksCluster, eksError } from '../eks/describe.ts';
import { Terminal, Transient } from '../errors.ts';
import type { ClusterEntry, EgressMode } from '../model/documents.ts';
import type { Finding } from './finding.ts';

/** The group that infra/cluster gives its rights to, and that the access entry of Serin's role names. */
export const controllerGroup = 'serin:controller';
/** Access entries that are looked through. */
const entriesMax = 200;

/** How the cluster is by EKS' account, and whether it lets Serin in. */
export async function checkEks(client: EKSClient, entry: ClusterEntry): Promise<Finding[]> {
  const { region, eksName, name } = entry;
  let cluster: EksCluster;
  try {
    cluster = await describeCluster(client, { region, name: eksName });
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    return [{ what: 'EKS', state: 'wrong', text: error.message, todo: goneAdvice(name) }];
  }
  return [
    statusOf(cluster, entry),
    modeOf(cluster, entry),
    placeOf(cluster, entry),
    await accessOf(client, entry),
  ];
}

function goneAdvice(name: string): string {
  return `if the cluster is no more: serin cluster remove ${name}`;
}

function statusOf({ status, version, endpoint, arn, ca, egress }: EksCluster, entry: ClusterEntry) {
  const what = 'EKS';
  const known = { endpoint: entry.endpoint, ca: entry.ca, egress: entry.egress ?? 'AWS_MANAGED' };
  const isSame = endpoint === known.endpoint && ca === known.ca && egress === known.egress;
  if (entry.arn !== undefined && arn !== entry.arn) {
    const text = `it is another cluster now: ${arn}, where ${entry.arn} was registered`;
    const todo = `serin cluster remove ${entry.name}, and add it anew`;
    return { what, state: 'wrong', text, todo } satisfies Finding;
  }
  if (!isSame) {
    const text = 'EKS says other than what is registered; Serin asks again whenever it is refused';
    const todo = `${addLine(entry)}  (the same again: it writes what EKS says now)`;
    return { what, state: 'note', text, todo } satisfies Finding;
  }
  const isFine = ['ACTIVE', 'UPDATING'].includes(status);
  const text = `${status}, Kubernetes ${version}, at ${endpoint}`;
  return { what, state: isFine ? 'good' : 'wrong', text } satisfies Finding;
}

function addLine({ name, region, eksName, roleArn, isPrivate }: ClusterEntry): string {
  return [
    `serin cluster add ${name} --region ${region}`,
    ...(eksName === name ? [] : [`--eks-name ${eksName}`]),
    ...(roleArn === undefined ? [] : [`--role-arn ${roleArn}`]),
    ...(isPrivate ? ['--vpc'] : []),
  ].join(' ');
}

/** Whether access entries count there, which are how Serin is let in. */
export function takesAccessEntries({ authenticationMode }: EksCluster): boolean {
  return authenticationMode === 'API' || authenticationMode === 'API_AND_CONFIG_MAP';
}

export function modeCommand({ region, eksName }: { region: string; eksName: string }): string {
  const mode = 'authenticationMode=API_AND_CONFIG_MAP';
  const update = `aws eks update-cluster-config --region ${region} --name ${eksName}`;
  return `${update} --access-config ${mode}`;
}

function modeOf(cluster: EksCluster, entry: ClusterEntry): Finding {
  const what = 'authentication';
  const text = `mode ${cluster.authenticationMode}`;
  if (takesAccessEntries(cluster)) return { what, state: 'good', text };
  const why = `${text}: access entries do not count`;
  return { what, state: 'wrong', text: why, todo: modeCommand(entry) };
}

function placeOf({ isPublic, publicCidrs, vpcId }: EksCluster, entry: ClusterEntry): Finding {
  const what = 'endpoint';
  if (isPublic) {
    if (publicCidrs.length === 0 || publicCidrs.includes('0.0.0.0/0')) {
      return { what, state: 'good', text: 'public' };
    }
    const text = `public, for ${publicCidrs.join(', ')} only`;
    const todo = 'let in the address that the functions come from: a NAT gateway of their VPC';
    return { what, state: 'note', text, todo };
  }
  const text = `private: it answers in ${vpcId} only`;
  if (entry.isPrivate) return { what, state: 'good', text };
  const todo = `put the functions in a VPC that reaches it, then: ${addLine(entry)} --vpc`;
  return { what, state: 'wrong', text, todo };
}

export function accessCommand(
  { region, eksName }: { region: string; eksName: string },
  principal: string,
): string {
  return (
    `aws eks create-access-entry --region ${region} --cluster-name ${eksName} ` +
    `--principal-arn ${principal} --kubernetes-groups ${controllerGroup}`
  );
}

/** Looks for an access entry that puts somebody in Serin's group. */
async function accessOf(client: EKSClient, entry: ClusterEntry): Promise<Finding> {
  const what = 'access entry';
  const principal = entry.roleArn ?? 'ROLE_ARN';
  try {
    const holders = await groupHolders(client, entry.eksName);
    if (holders.length > 0) {
      const text = `${holders.join(', ')} is in the group ${controllerGroup}`;
      if (entry.roleArn === undefined || holders.includes(entry.roleArn))
        return { what, state: 'good', text };
      const why = `${text}, and ${entry.roleArn} is not`;
      return { what, state: 'wrong', text: why, todo: accessCommand(entry, principal) };
    }
    const text = `none puts a role in the group ${controllerGroup}`;
    return { what, state: 'wrong', text, todo: accessCommand(entry, principal) };
  } catch (error) {
    const { message } = eksError(error, `access entries of ${entry.eksName}`);
    const todo = 'allow yourself eks:ListAccessEntries and eks:DescribeAccessEntry';
    return { what, state: 'unseen', text: message, todo };
  }
}

async function groupHolders(client: EKSClient, clusterName: string): Promise<string[]> {
  const principals: string[] = [];
  let nextToken: string | undefined;
  do {
    const input = { clusterName, maxResults: 100, ...(nextToken && { nextToken }) };
    const page = await client.send(new ListAccessEntriesCommand(input));
    principals.push(...(page.accessEntries ?? []));
    nextToken = page.nextToken;
  } while (nextToken && principals.length < entriesMax);
  const holders: string[] = [];
  for (const principalArn of principals) {
    const input = { clusterName, principalArn };
    const { accessEntry } = await client.send(new DescribeAccessEntryCommand(input));
    if (accessEntry?.kubernetesGroups?.includes(controllerGroup)) holders.push(principalArn);
  }
  return holders;
}

/**
 * Whether the API server's calls find their way to a doorbell on the internet, as far as EKS tells; what
 * keeps them from it.
 */
export function egressProblem(egress: EgressMode = 'AWS_MANAGED'): string | undefined {
  if (egress === 'AWS_MANAGED') return undefined;
  const path = 'its API server calls out through its own VPC';
  return egress === 'CUSTOMER_ROUTED'
    ? `${path} (CUSTOMER_ROUTED), which must have a way to the doorbell: a NAT gateway and DNS`
    : `${path} only (CUSTOMER_ISOLATED), and not to the internet`;
}
