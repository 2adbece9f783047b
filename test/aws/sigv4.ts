import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

// Signature Version 4 as its receiver checks it, by the documentation and without the signer's own
// library: a fault in that one must not vouch for itself.

/** What AWS knows of a key: its secret, the session it belongs to, and whose it is. */
export type Key = { secret: string; sessionToken?: string; arn: string };
export type Keys = ReadonlyMap<string, Key>;

type Signed = {
  method: string;
  /** As sent, with its percent signs. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: string | Buffer;
  /** Of what was signed. S3 alone signs paths as they are; all others once more encoded. */
  service: string;
  now?: number;
};

export type Verdict = { keyId: string; arn: string; signedAt: number } | { refused: string };

const algorithm = 'AWS4-HMAC-SHA256';

/** A request with an Authorization header. Its date may differ from ours by five minutes. */
export function verifyHeader(request: Signed, keys: Keys): Verdict {
  const { headers, now = Date.now() } = request;
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, credential, names, signature] = pattern.exec(headers.authorization ?? '') ?? [];
  if (!credential || !names || !signature) return { refused: 'no Authorization of Version 4' };
  const date = headers['x-amz-date'] ?? '';
  const signedAt = timeOf(date);
  if (!(Math.abs(signedAt - now) <= 300_000)) return { refused: `signed at ${date}` };
  const hashed = sha256(request.body);
  const payload = headers['x-amz-content-sha256'] ?? hashed;
  if (payload !== hashed) return { refused: 'another body was signed' };
  const signing = { request, credential, names, date, payload };
  return check(signing, { signature, session: headers['x-amz-security-token'], signedAt, keys });
}

/** A request whose signature is in its query, for as long as its caller says. */
export function verifyQuery(request: Signed, keys: Keys, lifeMs: number): Verdict {
  const { query, now = Date.now() } = request;
  const of = (name: string) => query.get(`X-Amz-${name}`) ?? '';
  if (of('Algorithm') !== algorithm) return { refused: `algorithm ${of('Algorithm')}` };
  const signedAt = timeOf(of('Date'));
  if (!(signedAt <= now + 300_000 && signedAt > now - lifeMs)) {
    return { refused: `signed at ${of('Date')}, and not good any more` };
  }
  const unsigned = new URLSearchParams(query);
  unsigned.delete('X-Amz-Signature');
  const signing = {
    request: { ...request, query: unsigned },
    credential: of('Credential'),
    names: of('SignedHeaders'),
    date: of('Date'),
    payload: sha256(''),
  };
  const session = query.get('X-Amz-Security-Token') ?? undefined;
  return check(signing, { signature: of('Signature'), session, signedAt, keys });
}

type Signing = {
  request: Signed;
  credential: string;
  names: string;
  date: string;
  payload: string;
};
type Given = { signature: string; session: string | undefined; signedAt: number; keys: Keys };

function check(signing: Signing, { signature, session, signedAt, keys }: Given): Verdict {
  const [keyId = '', day = '', region = '', service = '', end] = signing.credential.split('/');
  const key = keys.get(keyId);
  if (!key) return { refused: `nobody has the key ${keyId}` };
  if (key.sessionToken !== session) return { refused: 'the session is another' };
  if (service !== signing.request.service || end !== 'aws4_request' || day === '') {
    return { refused: `signed for ${signing.credential}` };
  }
  const scope = [day, region, service, end].join('/');
  const canonical = sha256(canonicalRequest(signing));
  const text = [algorithm, signing.date, scope, canonical].join('\n');
  const steps = [day, region, service, 'aws4_request'];
  const signer = steps.reduce<string | Buffer>(
    (last, step) => hmac(last, step),
    `AWS4${key.secret}`,
  );
  const expected = hmac(signer, text);
  const sent = Buffer.from(signature, 'hex');
  if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) {
    return { refused: 'the signature is not of this request' };
  }
  return { keyId, arn: key.arn, signedAt };
}

function canonicalRequest({ request, names, payload }: Signing): string {
  const { method, path, query, headers } = request;
  const pairs = [...query]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort((a, b) => (a < b ? -1 : 1));
  const signed = names
    .split(';')
    .map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  const parts = path.split('/').map(encoded).join('/');
  return [method, parts, pairs.join('&'), signed.join(''), names, payload].join('\n');
}

function encoded(text: string): string {
  const code = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, code);
}

function timeOf(date: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!parts) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
}

function sha256(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
