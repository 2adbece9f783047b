import type { Millis } from './units.ts';

// A request to a server that metrics come from, as data, and what it answers.

export type HttpRequest = {
  method: string;
  url: string;
  /** Of those that have the same name the last one counts. */
  headers: readonly (readonly [name: string, value: string])[];
  body?: string;
  /** For all of it, redirects and a token that is fetched first included. */
  timeoutMs: Millis;
  /** Whoever holds the address is believed to be the server. */
  insecure?: true;
  auth?: OAuth2 | SigV4;
  /** Names the measurement: two equal requests of one turn are two. */
  nonce: string;
};

/** A token is fetched with the client's credentials, and sent along. */
export type OAuth2 = {
  oauth2: { tokenUrl: string; clientId: string; clientSecret: string; scopes: readonly string[] };
};

/** It is signed as requests to AWS are, for Amazon Managed Prometheus. */
export type SigV4 = { sigV4: { region?: string; profile?: string; roleArn?: string } };

/** Header names are in lower case. */
export type HttpAnswer = { status: number; headers: Record<string, string>; body: string };

/** A Service of the cluster. `port`: its number or name. */
export type ServiceAddress = {
  namespace: string;
  name: string;
  port: string;
  scheme: 'http' | 'https';
};
export type Via = 'internet' | { service: ServiceAddress };

const label = '([a-z\\d][a-z\\d-]*)';
const serviceUrl = new RegExp(
  `^(https?)://(?:[^/?#@]*@)?${label}\\.${label}\\.svc(?:\\.cluster\\.local)?\\.?(?::(\\d+))?(?:[/?#]|$)`,
  'i',
);

/** Which way an address is reached: Services have names of their own, which no resolver elsewhere knows. */
export function viaOf(url: string): Via {
  const [, scheme, name, namespace, given] = serviceUrl.exec(url) ?? [];
  if (name === undefined || namespace === undefined) return 'internet';
  const isSecure = scheme?.toLowerCase() === 'https';
  const port = given ?? (isSecure ? '443' : '80');
  const place = { namespace: namespace.toLowerCase(), name: name.toLowerCase() };
  return { service: { ...place, port, scheme: isSecure ? 'https' : 'http' } };
}

/** `monitoring/prometheus:9090`, as an administrator writes it. */
export function serviceText({ namespace, name, port }: ServiceAddress): string {
  return `${namespace}/${name}:${port}`;
}

/** What such a text names. Whoever serves 443 speaks TLS. */
export function serviceAddress(text: string): ServiceAddress {
  const [, namespace = '', name = '', port = ''] = /^([^/]*)\/([^:]*):(.*)$/.exec(text) ?? [];
  return { namespace, name, port, scheme: port === '443' || port === 'https' ? 'https' : 'http' };
}

/** A key of a Secret of the cluster; or a secret of AWS. */
export type SecretRef = { namespace: string; name: string; key: string } | AwsSecretRef;
/** A parameter of Systems Manager; or a secret of Secrets Manager, all of it or one key of its JSON. */
export type AwsSecretRef = { ssm: string } | { secretsManager: string; key?: string };

/** What a `secretKeyRef` stands for: docs/adr/0062-secrets-of-measurements.md */
export function secretOf(
  namespace: string,
  { name, key }: { name: string; key: string },
): SecretRef {
  const [, service, path = ''] = /^(ssm|secretsmanager):(.+)$/s.exec(name) ?? [];
  if (service === 'ssm') return { ssm: path };
  if (service === 'secretsmanager') {
    return { secretsManager: path, ...(key !== '' && { key }) };
  }
  return { namespace, name, key };
}
