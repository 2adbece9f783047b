import { type Cluster, DescribeClusterCommand, type EKSClient } from '@aws-sdk/client-eks';
import { isPassing, type SdkError } from '../aws/aws.ts';
import { Terminal, Transient } from '../errors.ts';
import type { EgressMode } from '../model/documents.ts';

/** What EKS says of a cluster, as far as Serin goes by it. */
export type EksCluster = {
  arn: string;
  status: string;
  /** Kubernetes' version, such as 1.34. */
  version: string;
  endpoint: string;
  ca: string;
  /** API, API_AND_CONFIG_MAP or CONFIG_MAP: an access entry counts in the first two. */
  authenticationMode: string;
  egress: EgressMode;
  isPublic: boolean;
  isPrivate: boolean;
  /** Who may reach the public endpoint. */
  publicCidrs: string[];
  vpcId: string;
};

/**
 * Asks EKS for a cluster. Rejects with Terminal or Transient, which say what to do; a cluster
 * without an endpoint is not one yet, or not any more.
 */
export async function describeCluster(
  client: EKSClient,
  { region, name }: { region: string; name: string },
): Promise<EksCluster> {
  const where = `EKS cluster ${name} in ${region}`;
  let cluster: Cluster | undefined;
  try {
    ({ cluster } = await client.send(new DescribeClusterCommand({ name })));
  } catch (error) {
    throw eksError(error, where);
  }
  const { endpoint, certificateAuthority, status = 'unknown' } = cluster ?? {};
  const ca = certificateAuthority?.data;
  if (endpoint && ca) return { status, ...factsOf(cluster ?? {}), endpoint, ca };
  const text = `${where} has no endpoint; its status is ${status}`;
  const isOnItsWay = ['CREATING', 'PENDING', 'UPDATING'].includes(status);
  throw isOnItsWay ? new Transient(text) : new Terminal(text);
}

function factsOf({ arn = '', version = '', accessConfig, resourcesVpcConfig }: Cluster) {
  const vpc = resourcesVpcConfig ?? {};
  return {
    ...{ arn, version },
    // Clusters that were made before there was a choice have this one.
    authenticationMode: accessConfig?.authenticationMode ?? 'CONFIG_MAP',
    egress: vpc.controlPlaneEgressMode ?? ('AWS_MANAGED' as const),
    isPublic: vpc.endpointPublicAccess ?? true,
    isPrivate: vpc.endpointPrivateAccess ?? false,
    publicCidrs: vpc.publicAccessCidrs ?? [],
    vpcId: vpc.vpcId ?? '',
  };
}

const advice: Record<string, string> = {
  ResourceNotFoundException: 'check its name, its region and its account',
  AccessDeniedException: 'allow the role eks:DescribeCluster on it',
  AccessDenied: 'allow this role to assume that one, and that one to be assumed',
  CredentialsProviderError: 'there are no AWS credentials to sign with',
  UnrecognizedClientException: 'AWS does not know the credentials',
  ExpiredTokenException: 'the AWS credentials have expired',
};

/** The error of one of the four kinds for what a call of EKS, or signing one, threw. */
export function eksError(error: unknown, where: string): Error {
  const failed: SdkError = error instanceof Error ? error : new Error(String(error));
  const { name, message, $fault } = failed;
  const text = `${where}: ${name}: ${message}`;
  const hint = advice[name];
  if (hint !== undefined) return new Terminal(`${text}; ${hint}`, { cause: error });
  const isRefused = $fault === 'client' && !isPassing(failed);
  return isRefused ? new Terminal(text, { cause: error }) : new Transient(text, { cause: error });
}
