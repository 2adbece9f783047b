import type { ObjectMeta } from './argo.generated.ts';

/** A lock that its holder renews for as long as it runs. */
export type Lease = {
  metadata?: ObjectMeta;
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
};
