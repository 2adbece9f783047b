import { routingOf } from '../decide/release/traffic.ts';
import { routersOf } from '../decide/traffic/routers.ts';
import { kubernetesCluster } from '../kubernetes/kubernetes.ts';
import type { Credentials } from '../kubernetes/transport.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { nameOf } from '../model/workload.ts';
import { type Asking, missingRights } from './access.ts';
import type { Finding } from './finding.ts';
import type { RightsByRouter } from './rights.ts';

/** As infra/cluster calls those routers that a spec calls otherwise. */
const names: Record<string, string> = {
  appMesh: 'app-mesh',
  'plugins["argoproj-labs/gatewayAPI"]': 'gateway-api',
  'plugins["serin/nlb"]': 'nlb',
};

/** The routers that a Rollout uses, as infra/cluster calls them. */
export function routerNames(rollout: Rollout): string[] {
  return routersOf(routingOf(rollout)).map(({ name }) => names[name] ?? name);
}

/** Of each router that the cluster's Rollouts use, whether Serin has the rights for its objects. */
export async function routerFindings(
  rightsOf: RightsByRouter,
  { asking, reader }: { asking: Asking; reader: Credentials & { userAgent: string } },
): Promise<Finding[]> {
  const rollouts = await kubernetesCluster({ ...reader, doorbell: false }).list('Rollout', '');
  const users = new Map<string, Rollout[]>();
  for (const rollout of rollouts) {
    for (const name of routerNames(rollout)) {
      users.set(name, [...(users.get(name) ?? []), rollout]);
    }
  }
  const inUse = [...users].sort(([a], [b]) => (a < b ? -1 : 1));
  return await Promise.all(
    inUse.map(async ([name, using]) => {
      const rights = rightsOf[name] ?? [];
      return finding(name, using, { rights, missing: await missingRights(rights, asking) });
    }),
  );
}

function finding(
  name: string,
  using: Rollout[],
  { rights, missing }: { rights: unknown[]; missing: string[] },
): Finding {
  const what = `rights for ${name}`;
  if (missing.length === 0) return { what, state: 'good', text: `all ${rights.length} it needs` };
  const [first = {}] = using;
  const one = `${first.metadata?.namespace}/${nameOf(first)}`;
  const who = using.length === 1 ? `${one} needs` : `${using.length} Rollouts need, such as ${one}`;
  const text = `it may not ${missing.join(', ')}, which ${who}`;
  const component = `routers/${name} to the components of infra/cluster`;
  const todo = `add ${name} to the chart's value routers, or ${component}`;
  return { what, state: 'wrong', text, todo };
}
