import { cache } from '../cache.ts';
import { defined } from '../model/defined.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../model/units.ts';
import { settingsReader } from '../settings/load.ts';
import type { PageSettings } from '../settings/page.ts';
import type { IssuerServer, SignIn } from '../web/signIn.ts';
import type { Clock, Documents, Log } from '../world.ts';
import { askIssuer, discover, isSafeAddress } from './discovery.ts';

type Outside = { documents: Documents; clock: Clock; log: Log };

/** What the page is told of signing in, and which origins it has to reach for that. */
export type PageSignIn = { signIn?: SignIn; connect?: string[] };

/** How long what an issuer says of itself is believed, and how long while it does not answer. */
const lifeMs: Millis = 15 * minuteMs;
const staleMs: Millis = 24 * hourMs;
const failureLifeMs: Millis = 10 * secondMs;

/**
 * Reads how people sign in, from the settings and from the issuer that they name. It never rejects: the page
 * is sent whatever happens, and says what it lacks.
 */
export function pageSignIn({ documents, clock, log }: Outside): () => Promise<PageSignIn> {
  const current = settingsReader({ documents, clock, log });
  const servers = cache<IssuerServer>({
    ...{ now: clock.now, lifeMs },
    read: async (issuer) => serverOf(issuer, await discover(issuer, askIssuer)),
    standsIn: (_error, ageMs) => ageMs < staleMs,
    failureLifeMs: () => failureLifeMs,
    onFailure: (error) => log('warn', 'an issuer does not say where people sign in', { error }),
  });
  const settings = async () => {
    const { page, issuers } = (await current()).settings;
    const issuer = issuers.find(({ name }) => name === page?.issuer)?.issuer;
    return page === undefined || issuer === undefined ? undefined : { page, issuer };
  };
  return async () => {
    const found = await settings().catch(() => undefined);
    if (found === undefined) return {};
    const kept = await servers(found.issuer).catch(() => undefined);
    return told(found.page, found.issuer, kept?.value);
  };
}

function told(
  { clientId, scope, token, parameters }: PageSettings,
  issuer: string,
  server: IssuerServer | undefined,
): PageSignIn {
  const signIn = defined({ issuer, clientId, scope, token, parameters, server });
  // People are sent to the other addresses; these two the page calls itself.
  const called = [server?.token_endpoint, server?.revocation_endpoint].flatMap((uri) =>
    uri === undefined ? [] : new URL(uri).origin,
  );
  return { signIn, connect: [...new Set(called)] };
}

function serverOf(issuer: string, said: Record<string, unknown>): IssuerServer {
  const address = (name: string): string | undefined => {
    const uri = said[name];
    return isSafeAddress(uri, issuer) ? uri : undefined;
  };
  const [authorization, token] = [address('authorization_endpoint'), address('token_endpoint')];
  if (authorization === undefined || token === undefined) {
    throw new Error(`${issuer} names no address with https for signing in and for tokens`);
  }
  const algorithms = said.id_token_signing_alg_values_supported;
  return defined({
    issuer,
    authorization_endpoint: authorization,
    token_endpoint: token,
    revocation_endpoint: address('revocation_endpoint'),
    end_session_endpoint: address('end_session_endpoint'),
    id_token_signing_alg_values_supported: Array.isArray(algorithms)
      ? algorithms.filter((each) => typeof each === 'string')
      : undefined,
    authorization_response_iss_parameter_supported:
      said.authorization_response_iss_parameter_supported === true ? true : undefined,
  });
}
