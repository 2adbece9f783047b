/** One thing that was looked at, how it is, and what to do where it is not as it should be. */
export type Finding = {
  what: string;
  /** `unseen`: it could not be looked at. Only `wrong` keeps Serin from its work. */
  state: 'good' | 'note' | 'unseen' | 'wrong';
  text: string;
  todo?: string;
  /** Of the doorbell: whether Serin can rely on it. */
  webhookEnabled?: boolean;
};
