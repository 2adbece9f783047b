import type { ControlPlane } from './controlPlane.ts';
import { plugin } from './peer.ts';
import { until } from './processes.ts';
import { apply, newNamespace, reaches, webRollout } from './stage.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web:v1', ports: [{ containerPort: 80 }] }] },
};

/** A metric that goes on until its run is told to end. */
function endless(name: string): object {
  const containers = [{ name: 'c', image: 'probe', command: ['sh', '-c', 'sleep 3600'] }];
  const job = { spec: { template: { spec: { restartPolicy: 'Never', containers } } } };
  return { metrics: [{ name, provider: { job } }] };
}

/**
 * A release with an analysis of both kinds of templates, and with an Experiment that has a Service and is
 * forgotten once the next has ended.
 */
export async function playAnalysed(plane: ControlPlane): Promise<void> {
  const namespace = await newNamespace(plane, 'analysed');
  const apiVersion = 'argoproj.io/v1alpha1';
  const everywhere = `all-${namespace}`;
  await apply(
    plane,
    {
      ...{ apiVersion, kind: 'AnalysisTemplate', metadata: { name: 'one', namespace } },
      spec: endless('one'),
    },
    {
      ...{ apiVersion, kind: 'ClusterAnalysisTemplate', metadata: { name: everywhere } },
      spec: endless('all'),
    },
  );
  const both = [{ templateName: 'one' }, { templateName: everywhere, clusterScope: true }];
  const trial = { name: 'trial', specRef: 'canary', replicas: 1, service: {} };
  const steps = [
    { analysis: { templates: both } },
    { experiment: { duration: '2s', templates: [trial] } },
    // It outlasts the pods of the first, which is forgotten when this one has ended.
    { experiment: { duration: '35s', templates: [{ ...trial, service: undefined }] } },
  ];
  const analysis = { successfulRunHistoryLimit: 1 };
  const spec = { template, analysis, strategy: { canary: { steps } } };
  await apply(plane, webRollout(namespace, spec));
  await reaches(plane, namespace, 'Healthy');
  const names = async (kind: string) =>
    (await plane.kubectl(['-n', namespace, 'get', kind, '-o', 'name'])).trim();
  await plugin(plane, namespace, 'set image web web=web:v2');
  await until('the run', async () => (await names('analysisruns')) !== '');
  await plugin(plane, namespace, 'promote web');
  await until('the Service', async () => (await names('services')) !== '');
  const first = await names('experiments');
  await until('the Service to go', async () => (await names('services')) === '');
  await reaches(plane, namespace, 'Healthy', { step: 3 });
  await until(
    'the first Experiment to go',
    async () => !(await names('experiments')).includes(first),
  );
}
