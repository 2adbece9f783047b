import { Terminal } from '../../errors.ts';
import type { PodTemplateSpec } from '../../model/argo.generated.ts';
import type { AnyObject } from './admission.ts';

const nameLabel = 'batch.kubernetes.io/job-name';

/**
 * A Job as the API server completes and refuses one: k8s.io/kubernetes v1.36.3 pkg/apis/batch. Its pods are
 * told by its name here, and not by its uid.
 */
export function admittedJob(job: AnyObject): AnyObject {
  const { name = '' } = (job.metadata ?? {}) as { name?: string };
  const template = (job.spec?.template ?? {}) as PodTemplateSpec;
  const { restartPolicy = 'Always' } = template.spec ?? {};
  if (restartPolicy === 'Always') {
    const rule = 'Required value: valid values: "OnFailure", "Never"';
    throw new Terminal(`Job.batch "${name}" is invalid: spec.template.spec.restartPolicy: ${rule}`);
  }
  const labels = { ...template.metadata?.labels, [nameLabel]: name };
  return {
    ...job,
    spec: {
      backoffLimit: 6,
      ...job.spec,
      selector: { matchLabels: { [nameLabel]: name } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
