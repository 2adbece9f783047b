import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { clusterContract } from './contract.ts';
import { namespace } from './objects.ts';
import { type Simulation, servedSimulation, simulation } from './serve.ts';

const token = 'a-token-of-the-test';

clusterContract('the simulated cluster', async () => {
  const made = simulation();
  return {
    cluster: made.sim.cluster,
    other: made.sim.as('kubectl'),
    ...around(made),
    close: async () => {},
  };
});

clusterContract('over HTTP, through the Kubernetes client', async () => {
  const made = await servedSimulation({ token });
  const signIn = async () => ({ server: made.server, token });
  return {
    cluster: kubernetesCluster({ signIn, doorbell: true, pageSize: 5 }),
    other: made.sim.as('kubectl'),
    ...around(made),
    close: made.close,
  };
});

function around({ sim, settle }: Simulation) {
  const addBudget = async (selector: string, minAvailable: number): Promise<void> =>
    sim.addDisruptionBudget({ namespace, selector, minAvailable });
  return { addBudget, settle };
}
