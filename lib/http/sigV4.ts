import { SignatureV4 } from '@smithy/signature-v4';
import { Terminal } from '../errors.ts';
import type { SigV4 } from '../model/httpRequest.ts';
import type { Sent } from './send.ts';
import { Sha256 } from './sha256.ts';

/** Of AWS, as the role that measures has them. Asked for each time: they expire. */
export type AwsCredentials = {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
};
/** Rejects with Terminal where the manifest asks for others than are to be had. */
export type CredentialsFor = (
  asked: SigV4['sigV4'] & { region: string },
) => Promise<AwsCredentials>;

const awsHost = /^(?:[a-z\d-]+\.)*aps-workspaces(?:-fips)?\.([a-z\d-]+)\.amazonaws\.com(?:\.cn)?$/;

/**
 * The request, signed for Amazon Managed Prometheus. A signature goes nowhere else: whoever gets one can say
 * the same thing in our name.
 */
export async function signed(
  request: Sent,
  asked: SigV4['sigV4'],
  {
    credentialsFor,
    isTrusted,
  }: { credentialsFor: CredentialsFor; isTrusted: (url: URL) => boolean },
): Promise<Sent> {
  const { url, method, body, headers } = request;
  const [, ofHost] = awsHost.exec(url.hostname) ?? [];
  if ((ofHost === undefined || url.protocol !== 'https:') && !isTrusted(url)) {
    throw new Terminal(
      `sigv4: requests are signed for https://aps-workspaces.REGION.amazonaws.com only, and not for ` +
        url.origin,
    );
  }
  const region = asked.region || ofHost;
  if (!region) throw new Terminal('sigv4: authentication.sigv4.region must name the region');
  const credentials = await credentialsFor({ ...asked, region });
  const signer = new SignatureV4({ credentials, region, service: 'aps', sha256: Sha256 });
  const made = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: url.pathname,
    query: queryOf(url),
    headers: { ...headers, host: url.host },
    ...(body !== undefined && { body }),
  });
  return { ...request, headers: made.headers };
}

function queryOf(url: URL): Record<string, string[]> {
  const names = [...new Set(url.searchParams.keys())];
  return Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)]));
}
