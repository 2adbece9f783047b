import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import { signingCredentials } from '../../lib/measure/account.ts';
import { asking, openPolicy, server } from './stage.ts';

describe('OAuth2 by client credentials', () => {
  const clientOf = (tokenUrl: string) => ({
    oauth2: { tokenUrl, clientId: 'id', clientSecret: 's:/ä', scopes: ['a', 'b'] },
  });

  it('fetches a token once, and sends it in place of the manifest’s own', async () => {
    const { url, came } = await server(({ line }, response) =>
      response.end(
        line === 'POST /token'
          ? '{"access_token":"T","token_type":"bearer","expires_in":3600}'
          : 'measured',
      ),
    );
    const ask = asking();
    const request = {
      auth: clientOf(`${url}/token`),
      headers: [['authorization', 'x']] as const,
    };
    await ask(`${url}/m`, request);
    await ask(`${url}/m`, request);
    expect(
      came.map(({ line, headers: { Authorization }, body }) => [line, Authorization, body]),
    ).toEqual([
      [
        'POST /token',
        `Basic ${btoa('id:s%3A%2F%C3%A4')}`,
        'grant_type=client_credentials&scope=a+b',
      ],
      ['GET /m', 'Bearer T', ''],
      ['GET /m', 'Bearer T', ''],
    ]);
  });

  it('says who it is in the body where a server wants it there', async () => {
    const { url, came } = await server(({ line, body }, response) => {
      const isKnown = line !== 'POST /token' || body.includes('client_secret=s%3A%2F%C3%A4');
      response.writeHead(isKnown ? 200 : 401).end('{"access_token":"T"}');
    });
    const ask = asking();
    const request = { auth: clientOf(`${url}/token`) };
    await ask(`${url}/m`, request);
    // A token without a time is good for one request.
    await ask(`${url}/m`, request);
    expect(came.map(({ line }) => line)).toEqual([
      ...['POST /token', 'POST /token', 'GET /m'],
      ...['POST /token', 'GET /m'],
    ]);
  });

  it('tells nothing of the secret where it fails', async () => {
    const { url } = await server((_, response) => response.writeHead(400).end('no: s:/ä'));
    const failed = asking()(`${url}/m`, { auth: clientOf(`${url}/token`) });
    await expect(failed).rejects.toThrow(
      new Terminal(`Get "${url}/m": oauth2: cannot fetch token: 400`),
    );
  });

  it('fetches from nobody whom a measurement may not reach', async () => {
    const closed = { ...openPolicy, openZones: [] };
    const to = clientOf('http://169.254.169.254/token');
    const failed = asking({ policy: closed })('http://example.invalid/', { auth: to });
    await expect(failed).rejects.toThrow('link-local, metadata or reserved');
  });
});

describe('a signature for Amazon Managed Prometheus', () => {
  const auth = { sigV4: { region: 'eu-central-1' } };

  it('covers the request, for the service aps', async () => {
    const { url, port, came } = await server((_, response) => response.end());
    const policy = { ...openPolicy, hosts: ['127.0.0.1'] };
    await asking({ policy })(`${url}/workspaces/ws-1/api/v1/query?b=2&a=1`, {
      ...{ auth, method: 'POST', body: 'query=up' },
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    });
    const { line, headers, body } = came[0]!;
    expect([line, body]).toEqual(['POST /workspaces/ws-1/api/v1/query?b=2&a=1', 'query=up']);
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/aps\/aws4_request, SignedHeaders=.*host;.*Sig/,
    );
    expect(headers.host ?? headers.Host).toBe(`127.0.0.1:${port}`);
  });

  it('is made for no other server', async () => {
    const { url, came } = await server((_, response) => response.end());
    const ask = asking();
    for (const address of [
      url,
      'http://aps-workspaces.eu-central-1.amazonaws.com/',
      'https://aps-workspaces.eu-central-1.amazonaws.com.evil.example/',
      'https://aps-workspacesXeu-central-1.amazonaws.com/',
      'https://s3.eu-central-1.amazonaws.com/',
    ]) {
      await expect(ask(address, { auth }), address).rejects.toThrow('requests are signed for');
    }
    expect(came).toEqual([]);
  });

  it('is made in the name of the cluster’s role and of nobody else', async () => {
    const account = { region: 'eu-central-1', roleArn: 'arn:aws:iam::111111111111:role/serin-a' };
    const credentialsFor = signingCredentials(account);
    const other = 'arn:aws:iam::222222222222:role/serin-b';
    await expect(credentialsFor({ region: 'eu-central-1', roleArn: other })).rejects.toThrow(
      `sigv4: measurements of this cluster do not act as ${other}`,
    );
    await expect(credentialsFor({ region: 'eu-central-1', profile: 'x' })).rejects.toThrow(
      'a manifest does not choose the profile',
    );
  });
});
