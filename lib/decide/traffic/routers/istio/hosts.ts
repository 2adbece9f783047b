import type { Target } from './destinations.ts';

// What a host leads to: a Service of a namespace. Names that are equal in two namespaces are two Services.

/** `namespace` is '' where a host is outside of the cluster's Services, or has a `*`. */
export type Host = { service: string; namespace: string };

/**
 * `from` is the namespace of the object that has the host. Of the forms that a Service has, `web.shop`,
 * `web.shop.svc` and `web.shop.svc.DOMAIN` are one.
 */
export function hostOf(text: string, from: string): Host {
  const [service = '', namespace = from, svc = 'svc'] = text.replace(/\.$/, '').split('.');
  const isService = svc === 'svc' && service !== '' && !text.includes('*');
  return isService ? { service, namespace } : { service: text, namespace: '' };
}

export function isSameHost(left: Host, right: Host): boolean {
  return left.service === right.service && left.namespace === right.namespace;
}

/** The Service of the rollout's namespace that a target is; '' for one of another. */
export function ownService({ host = '' }: Target, { from, own }: Namespaces): string {
  const { service, namespace } = hostOf(host, from);
  return namespace === own ? service : '';
}

/** `from` is that of the VirtualService, `own` the rollout's. */
export type Namespaces = { from: string; own: string };

export function isForeign({ from, own }: Namespaces): boolean {
  return from !== own;
}
