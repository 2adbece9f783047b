import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Caller } from '../model/caller.ts';
import { own } from '../model/own.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../model/units.ts';
import { knownIssuer } from '../settings/issuers.ts';
import type { IssuerSettings } from '../settings/schema.ts';
import { render } from '../settings/template.ts';
import type { Clock, Log } from '../world.ts';
import { issuerKeys } from './keys.ts';

/** Signatures that only the issuer can make: with a shared secret, Serin could make them too. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** Two clocks may be five minutes apart, and what they say takes a moment to arrive. */
const toleranceMs: Millis = 5 * minuteMs + 5 * secondMs;
/** No issuer's setting allows more. */
const ageMaxMs: Millis = 24 * hourMs;
/** Larger than API Gateway lets all headers be. */
const lengthMax = 16 * 1024;

type Outside = { clock: Clock; log: Log };
export type IdentityCheck = (
  token: string,
  issuers: readonly IssuerSettings[],
) => Promise<Caller | undefined>;

/**
 * Checks the tokens of OIDC issuers. A token is not used up by a call: within its life whoever holds it
 * is its owner, so its life is short and it is not written anywhere.
 */
export function identityCheck({ clock, log }: Outside): IdentityCheck {
  const keys = new Map<string, ReturnType<typeof issuerKeys>>();
  const keysOf = ({ issuer, jwks }: IssuerSettings) => {
    const id = `${issuer} ${jwks ?? ''}`;
    const known = keys.get(id) ?? issuerKeys({ issuer, ...(jwks && { jwks }) }, { clock, log });
    keys.set(id, known);
    return known;
  };
  return async (token, issuers) => {
    const iss = issuerOf(token);
    const verified = new Map<unknown, JWTPayload | string>();
    const reasons: string[] = [];
    for (const settings of issuers.filter(({ issuer }) => issuer === iss)) {
      const key = keysOf(settings);
      const claims = verified.get(key) ?? (await verify(token, settings, key, clock.now()));
      verified.set(key, claims);
      const reason = typeof claims === 'string' ? claims : mismatch(claims, settings, clock.now());
      if (reason === undefined && typeof claims !== 'string') return callerOf(claims, settings);
      reasons.push(`${settings.name}: ${reason}`);
    }
    log('info', 'a token was refused', {
      reasons: reasons.length > 0 ? reasons : ['it is of no issuer in the settings'],
    });
    return undefined;
  };
}

/** Who the token says it is of. This proves nothing. */
function issuerOf(token: string): string | undefined {
  if (token.length > lengthMax) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** The claims, or why they are not the issuer's. Rejects with Transient if that cannot be found out. */
async function verify(
  token: string,
  { issuer }: IssuerSettings,
  key: ReturnType<typeof issuerKeys>,
  now: Millis,
): Promise<JWTPayload | string> {
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer,
      algorithms,
      clockTolerance: toleranceMs / secondMs,
      currentDate: new Date(now),
      maxTokenAge: ageMaxMs / secondMs,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return `${error.code} ${error.message}`;
    throw error;
  }
}

/** Why claims that are the issuer's are not enough. */
function mismatch(claims: JWTPayload, settings: IssuerSettings, now: Millis): string | undefined {
  const known = knownIssuer(settings.issuer, settings.kind);
  // Cognito's access tokens name the app client and have no audience.
  const audience = claims.aud ?? (known.kind === 'cognito' ? claims.client_id : undefined);
  if (!textsOf(audience).some((each) => settings.audience.includes(each))) {
    return `its audience is ${textsOf(audience).join(', ') || 'none'}`;
  }
  if (now - (claims.iat ?? 0) * secondMs > settings.maxAge + toleranceMs) return 'it is too old';
  for (const [claim, wanted] of Object.entries(settings.claims)) {
    const values = textsOf(own(claims, claim));
    if (values.some((value) => wanted.some((each) => fits(value, each)))) continue;
    return `its ${claim} is ${values.join(', ') || 'none'}`;
  }
  const bad = known.refused?.find(
    ({ claim, value }) =>
      !Object.hasOwn(settings.claims, claim) && textsOf(own(claims, claim)).includes(value),
  );
  return bad && `its ${bad.claim} is ${bad.value}: ${bad.why}`;
}

function fits(value: string, wanted: string): boolean {
  return wanted.endsWith('*') ? value.startsWith(wanted.slice(0, -1)) : value === wanted;
}

function textsOf(claim: unknown): string[] {
  const values: unknown[] = Array.isArray(claim) ? claim : [claim];
  return values.flatMap((value) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [String(value)] : [],
  );
}

function callerOf(claims: JWTPayload, settings: IssuerSettings): Caller {
  const { name, issuer, kind, groups, groupsClaim } = settings;
  const template = settings.actor ?? knownIssuer(issuer, kind).actor;
  const theirs = groupsClaim === undefined ? [] : textsOf(own(claims, groupsClaim));
  const tags = Object.entries(claims).flatMap(([claim, value]) =>
    Array.isArray(value) ? [] : textsOf(value).map((text) => [claim, text] as const),
  );
  return {
    actor: { name: `${name}:${render(template, claims)}`, proof: 'verified' },
    principal: {
      kind: 'identity',
      id: `${name}:${claims.sub}`,
      // No issuer can put somebody into a group that the settings gave to others.
      groups: [...groups, ...theirs.map((group) => `${name}:${group}`)],
      claims: Object.fromEntries(tags),
    },
  };
}
