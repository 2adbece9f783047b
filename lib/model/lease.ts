import type { ObjectMeta } from './argo.generated.ts';

/** A lock that its holder renews for as long as it runs. Times have microseconds. */
export type Lease = {
  metadata?: ObjectMeta;
  spec?: {
    /** Empty once it was given back. */
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    /** How often the holder has changed. */
    leaseTransitions?: number;
  };
};
