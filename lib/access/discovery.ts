import { type Millis, secondMs } from '../model/units.ts';

// What an issuer says of itself, at the address that OpenID Connect gives it.

export type IssuerFetch = (url: string, init: RequestInit) => Promise<Response>;

export const issuerTimeoutMs: Millis = 3 * secondMs;
const bytesMax = 512 * 1024;

/** The issuer's metadata, none of which is checked but whose it is. Rejects where it cannot be had. */
export async function discover(issuer: string, ask: IssuerFetch): Promise<Record<string, unknown>> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const signal = AbortSignal.timeout(issuerTimeoutMs);
  const answer = await ask(url, { signal, redirect: 'manual' });
  const told: Record<string, unknown> = JSON.parse(await answer.text());
  if (told.issuer !== issuer) throw new Error(`${url} is of another issuer: ${told.issuer}`);
  return told;
}

/** Whether nobody on the way can change what is there; the issuer's own host is as safe as its address. */
export function isSafeAddress(uri: unknown, issuer: string): uri is string {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return false;
  return uri.startsWith('https://') || new URL(uri).origin === new URL(issuer).origin;
}

/** fetch, of answers that are good and not too long. */
export async function askIssuer(url: string, init: RequestInit): Promise<Response> {
  const { status, body } = await fetch(url, init);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`${url} answered more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks));
}
