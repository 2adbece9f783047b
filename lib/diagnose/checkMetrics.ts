import { remedyOf, Terminal, Transient } from '../errors.ts';
import { kubernetesCluster } from '../kubernetes/kubernetes.ts';
import type { Credentials } from '../kubernetes/transport.ts';
import { serviceAddress } from '../model/httpRequest.ts';
import type { Millis } from '../model/units.ts';
import type { ServiceProxy } from '../world.ts';
import type { Finding } from './finding.ts';

const timeoutMs: Millis = 10_000;

/**
 * Of each metric server that measurements may ask through the API server, whether it answers there. `isOwn`:
 * it is asked with the rights of Serin itself.
 */
export async function metricFindings(
  services: readonly string[],
  { reader, isOwn }: { reader: Credentials & { userAgent: string }; isOwn: boolean },
): Promise<Finding[]> {
  const { proxy } = kubernetesCluster({ ...reader, doorbell: false });
  if (proxy === undefined) return [];
  const found = await Promise.all(services.map(async (service) => await tried(service, proxy)));
  if (isOwn) return found;
  const more = '; asked with your rights, and not with those of Serin';
  return found.map((each) => ({ ...each, state: 'note', text: `${each.text}${more}` }));
}

async function tried(service: string, proxy: ServiceProxy): Promise<Finding> {
  const what = `metrics ${service}`;
  const request = { method: 'GET', path: '/', headers: {} };
  try {
    const { status } = await proxy(
      serviceAddress(service),
      request,
      AbortSignal.timeout(timeoutMs),
    );
    // Whatever it says of this path: it is there.
    return { what, state: 'good', text: `it answers through the API server, with ${status}` };
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    const { remedy } = remedyOf(error);
    const todo =
      remedy ?? 'see that the Service is there and has pods; measurements are errors until then';
    return { what, state: 'wrong', text: error.message, todo };
  }
}
