import type { Actor } from './intent.ts';

/** Who sends a request, once that is proven. */
export type Caller = {
  /** For the ledger. */
  actor: Actor;
  /** For the policies. */
  principal: Principal;
};

/** What policies can ask of a caller. `local` is whoever started a server of their own. */
export type Principal = {
  kind: 'identity' | 'token' | 'iam' | 'slack' | 'local';
  /** Never the same for two callers of a kind. */
  id: string;
  groups: string[];
  /**
   * What else was proven: the claims of a token, the account and session of a signature, the workspace and
   * user in Slack.
   */
  claims: Record<string, string>;
};
