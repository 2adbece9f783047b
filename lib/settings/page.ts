import * as z from 'zod';
import type { IssuerSettings } from './schema.ts';

// The `page` of the settings document: how people sign in to Serin's page. What is said of a fault is the end
// of a sentence that begins with the path.

const text = z.string().min(1, 'must not be empty');

/** What the page itself puts into the request: said twice, it would say two things. */
const own = new Set([
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
]);

export const pageSettings = z.strictObject({
  /** The name of one of `issuers`. */
  issuer: text,
  /** What the issuer calls the page: a public client, which has no secret. */
  clientId: text,
  scope: z
    .string()
    .default('openid profile email')
    .superRefine((value, context) => {
      if (value.split(' ').includes('openid')) return;
      context.addIssue('must hold openid, or the issuer does not say who signed in');
    }),
  /** Which of the two the API is shown. */
  token: z.enum(['id', 'access'], { error: 'must be id or access' }).default('id'),
  /** More for the authorization request. */
  parameters: z
    .record(z.string(), text)
    .superRefine((given, context) => {
      for (const name of Object.keys(given).filter((each) => own.has(each))) {
        const instead = name === 'scope' ? ', and use page.scope' : '';
        const message = `is what the page says itself: leave it out${instead}`;
        context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .exactOptional(),
});

export type PageSettings = z.output<typeof pageSettings>;

/** Issuers of machines: nobody can sign in there. */
const machines = ['github', 'circleci'];

type PageFault = { path: string[]; message: string };

/** What would have the API refuse whoever signs in by the page. */
export function pageFaults(
  { issuer, clientId, token }: PageSettings,
  issuers: readonly IssuerSettings[],
  kindOf: (settings: IssuerSettings) => string,
): PageFault[] {
  const found = issuers.filter(({ name }) => name === issuer);
  const [first] = found;
  if (first === undefined) {
    const names = issuers.map(({ name }) => name).join(', ');
    const known = names === '' ? 'there is none' : `there are ${names}`;
    return [{ path: ['issuer'], message: `must be the name of one of issuers: ${known}` }];
  }
  if (machines.includes(kindOf(first))) {
    return [
      { path: ['issuer'], message: `is ${issuer}, where jobs get tokens but nobody signs in` },
    ];
  }
  const isForClient = token === 'id' || kindOf(first) === 'cognito';
  if (!isForClient || first.audience.includes(clientId)) return [];
  const message =
    `must be in the audience of the issuer ${issuer}: what the page shows the API is made for ` +
    `${clientId}. Add it there${kindOf(first) === 'cognito' ? '' : ', or choose token: access'}`;
  return [{ path: ['clientId'], message }];
}
