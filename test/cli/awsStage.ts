import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished, vi } from 'vitest';
import { dynamoClient, dynamoStore } from '../../lib/store/dynamo.ts';
import { dynamoListener } from '../store/dynamo.ts';
import { serin } from './support.ts';

// An administrator's shell: AWS credentials, a table behind a port, and services that
// answer as the test says.

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Asked = {
  method: string;
  path: string;
  body: string;
  authorization: string;
  /** The operation, where a service is asked by JSON. */
  target: string;
};
type Reply = { status?: number; body: object | string };

/** A service on loopback, and what it was asked. */
export async function service(answer: (asked: Asked) => Reply) {
  const seen: Asked[] = [];
  onTestFinished(() => void vi.unstubAllEnvs());
  const url = await listen(async (request, response) => {
    const body = await text(request);
    const { method = '', url: path = '', headers } = request;
    const { authorization = '', 'x-amz-target': target = '' } = headers;
    const asked = { method, path, body, authorization, target: String(target) };
    seen.push(asked);
    const reply = answer(asked);
    const isText = typeof reply.body === 'string';
    const type = isText ? 'text/xml' : 'application/json';
    response.writeHead(reply.status ?? 200, { 'content-type': type });
    response.end(isText ? reply.body : JSON.stringify(reply.body));
  });
  return { url, seen };
}

const table = 'serin';

/** The table, and the variables that lead the SDK to it. */
export async function adminShell() {
  const url = await listen(dynamoListener({ name: table }));
  const variables = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_DYNAMODB: url,
  };
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const store = dynamoStore({ client: dynamoClient(), table });
  const env = { SERIN_TABLE: table, SERIN_SERVER: 'https://api.example', USER: 'ada' };
  return { store, run: (line: string) => serin(line.split(' '), env) };
}

export type EksFacts = {
  endpoint?: string;
  status?: string;
  mode?: string;
  egress?: string;
  isPublic?: boolean;
  arn?: string;
  throttles?: boolean;
  /** Principals, and the groups of their access entries. */
  access?: Record<string, string[]>;
};

/** EKS with one cluster, shop-prod, whose facts may change. */
export async function eks(facts: EksFacts) {
  const { url, seen } = await service(({ path }) => {
    const { access = {} } = facts;
    if (facts.throttles) {
      return { status: 429, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } };
    }
    const [, , name, sub, principal] = decodeURIComponent(path.replace(/\?.*/, '')).split(
      /\/(?!serin)/,
    );
    if (name !== 'shop-prod') {
      const said = { __type: 'ResourceNotFoundException', message: `No cluster found for ${name}` };
      return { status: 404, body: said };
    }
    if (sub === undefined) return { body: { cluster: describedAs(facts) } };
    if (principal === undefined) return { body: { accessEntries: Object.keys(access) } };
    const entry = { principalArn: principal, kubernetesGroups: access[principal] ?? [] };
    return { body: { accessEntry: entry } };
  });
  vi.stubEnv('AWS_ENDPOINT_URL_EKS', url);
  return { facts, seen };
}

/** STS, which lets a role be assumed; its credentials have the key id ASSUMED. */
export async function sts() {
  const credentials = [
    '<AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>',
    '<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>',
  ];
  const result = `<AssumeRoleResult><Credentials>${credentials.join('')}</Credentials></AssumeRoleResult>`;
  const { url, seen } = await service(() => ({
    body: `<AssumeRoleResponse>${result}</AssumeRoleResponse>`,
  }));
  vi.stubEnv('AWS_ENDPOINT_URL_STS', url);
  return { seen };
}

function describedAs(facts: EksFacts): object {
  return {
    name: 'shop-prod',
    arn: facts.arn ?? 'arn:aws:eks:eu-central-1:111111111111:cluster/shop-prod',
    version: '1.34',
    status: facts.status ?? 'ACTIVE',
    endpoint: facts.endpoint ?? 'https://ABC.eks.example',
    certificateAuthority: { data: Buffer.from('a certificate').toString('base64') },
    accessConfig: { authenticationMode: facts.mode ?? 'API' },
    resourcesVpcConfig: {
      vpcId: 'vpc-1',
      endpointPublicAccess: facts.isPublic ?? true,
      endpointPrivateAccess: true,
      publicAccessCidrs: ['0.0.0.0/0'],
      controlPlaneEgressMode: facts.egress ?? 'AWS_MANAGED',
    },
  };
}
