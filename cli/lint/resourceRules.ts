import type {
  Container,
  PodResourceClaim,
  ResourceRequirements,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { quantityNanos } from '../../lib/model/quantity.ts';
import { isLabelKey } from '../../lib/model/syntax.ts';
import { each, exactlyOne, named, oneOf, shown, wrongIf } from './rules.ts';

// What the API server refuses in the resources of a pod and of its containers, beyond types and markers.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

const whole = 1_000_000_000n;
const hugePages = 'hugepages-';

/** Of a container, in a pod that has these claims. */
export function resourcesFaults(
  given: ResourceRequirements | undefined,
  path: string,
  podClaims: PodResourceClaim[],
): FieldError[] {
  const { requests = {}, limits = {} } = given ?? {};
  const names = Object.keys({ ...requests, ...limits });
  const isHuge = names.some((name) => name.startsWith(hugePages));
  return [
    ...amountsFaults(limits, `${path}.limits`),
    ...amountsFaults(requests, `${path}.requests`),
    ...wrongIf(
      isHuge && !names.includes('cpu') && !names.includes('memory'),
      path,
      'must name cpu or memory beside huge pages',
    ),
    ...Object.entries(requests).flatMap(([name, request]) => {
      const limit = limits[name];
      const at = `${path}.requests[${name}]`;
      const isShared = !name.includes('/') && !name.startsWith(hugePages);
      if (limit === undefined) {
        return wrongIf(!isShared, at, `needs a limit of the same amount in ${path}.limits`);
      }
      const [asked = 0n, most = 0n] = [quantityNanos(request), quantityNanos(limit)];
      if (!isShared && asked !== most)
        return wrongIf(true, at, `must be its limit, ${limit}, not ${request}`);
      return wrongIf(asked > most, at, `must be at most its limit, ${limit}, not ${request}`);
    }),
    ...each(given?.claims, `${path}.claims`, ({ name, request }, at) => [
      ...wrongIf(
        Boolean(name) && !podClaims.some((claim) => claim.name === name),
        `${at}.name`,
        `names none of the pod's resourceClaims: ${shown(name)}`,
      ),
      ...named(request, `${at}.request`, 'label'),
    ]),
  ];
}

const standard = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

function amountsFaults(amounts: Record<string, string | number>, path: string): FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const at = `${path}[${name}]`;
    const isExtended = name.includes('/') && !/(^|\.)kubernetes\.io\//.test(name);
    const nanos = quantityNanos(amount) ?? 0n;
    return [
      ...wrongIf(
        name.includes('/') ? !isLabelKey(name) : !standard.test(name),
        at,
        'is no resource: cpu, memory, ephemeral-storage, hugepages-SIZE, or one with a domain and /',
      ),
      ...wrongIf(nanos < 0n, at, `must be 0 or more, not ${amount}`),
      ...wrongIf(isExtended && nanos % whole !== 0n, at, `must be whole, not ${amount}`),
      ...(name.startsWith(hugePages) ? pagesFaults(name, nanos, at) : []),
    ];
  });
}

function pagesFaults(name: string, nanos: bigint, path: string): FieldError[] {
  const size = name.slice(hugePages.length);
  const page = quantityNanos(size) ?? 0n;
  if (page <= 0n || page % whole !== 0n) {
    return wrongIf(true, path, `must name a size of pages such as 2Mi, not ${shown(size)}`);
  }
  return wrongIf(nanos % page !== 0n, path, `must be a number of pages of ${size}`);
}

export function claimFaults(claim: PodResourceClaim, path: string): FieldError[] {
  const sources = ['resourceClaimName', 'resourceClaimTemplateName'] as const;
  return [
    ...named(claim.name, `${path}.name`, 'label'),
    ...exactlyOne(claim, path, { of: sources, what: 'source' }),
    ...sources.flatMap((source) => [
      ...named(claim[source], `${path}.${source}`, 'subdomain'),
      ...wrongIf(claim[source] === '', `${path}.${source}`, 'is empty'),
    ]),
  ];
}

/** What becomes of a container whose resources change while it runs. */
export function resizeFaults({ resizePolicy }: Container, path: string): FieldError[] {
  const names = (resizePolicy ?? []).map(({ resourceName }) => resourceName);
  return each(
    resizePolicy,
    `${path}.resizePolicy`,
    ({ resourceName, restartPolicy }, at, index) => [
      // That either is missing is another's to say.
      ...oneOf(resourceName || undefined, `${at}.resourceName`, ['cpu', 'memory']),
      ...oneOf(restartPolicy || undefined, `${at}.restartPolicy`, [
        'NotRequired',
        'RestartContainer',
      ]),
      ...wrongIf(
        names.indexOf(resourceName) < index,
        `${at}.resourceName`,
        `is given already: ${shown(resourceName)}`,
      ),
    ],
  );
}
