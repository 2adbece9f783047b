import { defined } from '../../lib/model/defined.ts';
import { usageError } from '../exit.ts';
import { roleForm } from '../metricsRole.ts';

export type AddInput = {
  name: string;
  region: string;
  eksName: string;
  roleArn?: string;
  /** An empty list, and an empty role, take away what was there. */
  metrics?: string[];
  metricsRoleArn?: string;
};

/** As the API's paths take it, and as EKS names its clusters. */
const nameForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const regionForm = /^[a-z]{2}(-[a-z]+)+-\d+$/;

const label = '[a-z\\d]([a-z\\d-]*[a-z\\d])?';
const serviceForm = new RegExp(`^${label}/${label}:${label}$`);

type Given = {
  region: string;
  eksName?: string;
  roleArn?: string;
  metrics?: string[] | false;
  metricsRole?: string | false;
};

/** Throws a usage error for the first thing that cannot be. */
export function addInput(
  name: string,
  { region, eksName = name, roleArn, metrics, metricsRole }: Given,
): AddInput {
  for (const [what, text] of [
    ['a name of a cluster', name],
    ['a name of an EKS cluster', eksName],
  ] as const) {
    const hint = 'Use letters, digits, - and _, with a letter or digit first, at most 100.';
    if (!nameForm.test(text)) throw usageError(`${JSON.stringify(text)} is not ${what}`, hint);
  }
  if (!regionForm.test(region)) {
    throw usageError(`${JSON.stringify(region)} is not an AWS region`, 'One is eu-central-1.');
  }
  for (const role of [roleArn, metricsRole || undefined]) {
    if (role === undefined || roleForm.test(role)) continue;
    const hint = 'One is arn:aws:iam::222222222222:role/serin-cluster.';
    throw usageError(`${JSON.stringify(role)} is not the ARN of a role`, hint);
  }
  for (const service of metrics || []) {
    if (serviceForm.test(service)) continue;
    const hint = 'One is monitoring/prometheus:9090: a namespace, a name and a port.';
    throw usageError(`${JSON.stringify(service)} is not a Service's address`, hint);
  }
  const metricsRoleArn = metricsRole === false ? '' : metricsRole;
  const services = metrics === false ? [] : metrics && [...new Set(metrics)];
  return { name, region, eksName, ...defined({ roleArn, metrics: services, metricsRoleArn }) };
}

/** The address that clusters ring at. kube-apiserver calls https only, and adds its own query. */
export function doorbellServer(server: string | undefined): string {
  if (server === undefined) {
    throw usageError(
      'the address of the API is not known, and the URL of the doorbell needs it',
      'Give it with --server or SERIN_SERVER (an output of the stack), or use --no-doorbell.',
    );
  }
  const url = URL.parse(server);
  const isPlain = url && url.search === '' && url.hash === '' && url.username === '';
  if (url?.protocol !== 'https:' || !isPlain) {
    throw usageError(
      `${JSON.stringify(server)} cannot be the address of a doorbell`,
      'The API server of a cluster calls https:// only, without a query, a user or a fragment.',
    );
  }
  return server;
}
