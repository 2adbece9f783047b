import type { Caller } from '../model/caller.ts';
import { settingsReader } from '../settings/load.ts';
import type { Clock, Documents, Log } from '../world.ts';
import { iamCaller } from './iam.ts';
import { identityCheck } from './identity.ts';
import { objectionsBy } from './objections.ts';
import type { Question } from './policies.ts';
import { looksLikeToken, tokenCaller } from './tokens.ts';

type Outside = { documents: Documents; clock: Clock; log: Log };

/** Who callers are and what they may do, as the settings in the table say. */
export type Access = {
  authenticate: (request: Request) => Promise<Caller | undefined>;
  signedBy: (identity: unknown) => Caller | undefined;
  mayNot: (question: Question) => Promise<string | undefined>;
};

export function access(outside: Outside): Access {
  const current = settingsReader(outside);
  const identify = identityCheck(outside);
  return {
    signedBy: iamCaller,
    authenticate: async ({ headers }) => {
      const token = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
      if (token === undefined) return undefined;
      if (looksLikeToken(token)) return tokenCaller(outside.documents, token);
      const { settings } = await current();
      return identify(token, settings.issuers);
    },
    mayNot: objectionsBy(outside.log, current),
  };
}
