import type { ObjectMeta, PodTemplateSpec } from './argo.generated.ts';

// What tells of a controller that runs in the cluster, as far as Serin reads it.

export type Deployment = {
  metadata?: ObjectMeta;
  spec?: { replicas?: number; template?: PodTemplateSpec };
};

/** A lock that its holder renews for as long as it runs. */
export type Lease = {
  metadata?: ObjectMeta;
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
};
