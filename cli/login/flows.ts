import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { openInBrowser } from '../browser.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import type { Io } from '../io.ts';
import { plain } from '../text.ts';
import { type Provider, publicClient, wanted } from './provider.ts';

/** So long somebody may take in the browser. */
const patienceMs: Millis = 10 * minuteMs;
/** How much slower to ask when the provider says so (RFC 8628, 3.5). */
const slowerSeconds = 5;

/** Says where to go and which code to type there, and waits until that is done (RFC 8628). */
export async function byDevice(provider: Provider, io: Io): Promise<oauth.TokenEndpointResponse> {
  const { as, client, settings, options } = provider;
  if (as.device_authorization_endpoint === undefined) {
    throw usageError(
      `${settings.issuer} has no device codes`,
      'Leave out --device: sign in with a browser on this machine.',
    );
  }
  const device = await oauth.processDeviceAuthorizationResponse(
    as,
    client,
    await oauth.deviceAuthorizationRequest(as, client, publicClient, wanted(settings), options()),
  );
  const { user_code, verification_uri, verification_uri_complete: whole } = device;
  io.say(plain(`Open ${verification_uri} on any machine, and type the code ${user_code}`));
  if (whole !== undefined) io.say(plain(`  or open ${whole}`));
  const endsAt = Date.now() + device.expires_in * secondMs;
  let { interval = 5 } = device;
  while (Date.now() < endsAt) {
    await delay(interval * secondMs, undefined, { signal: io.stop });
    const { device_code } = device;
    const asking = oauth.deviceCodeGrantRequest(as, client, publicClient, device_code, options());
    try {
      return await oauth.processDeviceCodeResponse(as, client, await asking);
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError)) throw error;
      if (error.error === 'slow_down') interval += slowerSeconds;
      else if (error.error !== 'authorization_pending') throw error;
    }
  }
  throw tooLate();
}

/** Opens a browser of this machine, which comes back to a port here (RFC 8252) with a code; PKCE. */
export async function byBrowser(
  provider: Provider,
  { port }: { port: number },
  io: Io,
): Promise<oauth.TokenEndpointResponse> {
  const { as, client, settings, options } = provider;
  if (as.authorization_endpoint === undefined) {
    throw usageError(`${settings.issuer} signs nobody in by a browser`, 'Use --device.');
  }
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ];
  const back = await comingBack(port, state);
  try {
    const address = new URL(as.authorization_endpoint);
    const parameters = {
      ...wanted(settings),
      client_id: client.client_id,
      redirect_uri: back.uri,
      response_type: 'code',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce },
    };
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    io.say('Sign in in the browser of this machine. If none opens, open this address there:');
    io.say(`  ${address}`);
    const isOpened = await openInBrowser(address.href);
    if (!isOpened) io.warn('serin: no browser could be started here; --device needs none');
    const came = await Promise.race([back.came, given(io.stop)]);
    const answer = oauth.validateAuthResponse(as, client, came, state);
    return await oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(
        ...[as, client, publicClient, answer, back.uri, verifier, options()],
      ),
      { expectedNonce: nonce, requireIdToken: settings.audience === undefined },
    );
  } finally {
    back.close();
  }
}

/** Rejects when there is no point in waiting any more. */
async function given(stop: AbortSignal): Promise<never> {
  await delay(patienceMs, undefined, { signal: stop, ref: false });
  throw tooLate();
}

function tooLate(): CliError {
  return new CliError('nobody signed in in time', {
    exitCode: exitCodes.timeout,
    hint: 'Start again: serin login',
  });
}

/** A port of this machine alone, on which the browser says how it went. */
async function comingBack(port: number, state: string) {
  const { promise: came, resolve } = Promise.withResolvers<URL>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    // Whatever else asks here, such as for an icon, is not the answer.
    const isAnswer = url.pathname === '/callback' && url.searchParams.get('state') === state;
    const isGood = isAnswer && url.searchParams.has('code');
    const text = isGood
      ? 'You are signed in. You can close this page.'
      : 'You are not signed in. The terminal says why.';
    response.writeHead(isAnswer ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
      connection: 'close',
    });
    response.end(`<!doctype html><meta charset="utf-8"><title>Serin</title><p>${text}</p>\n`);
    if (isAnswer) resolve(url);
  });
  await new Promise<void>((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(
        usageError(`port ${port} cannot be used: ${error.code}`, 'Name another with --port N.'),
      ),
    );
    server.listen(port, '127.0.0.1', done);
  });
  const { port: own } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeIdleConnections();
  };
  return { uri: `http://127.0.0.1:${own}/callback`, came, close };
}
