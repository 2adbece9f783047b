import type { Container, PodTemplateSpec, TemplateSpec } from '../../model/argo.generated.ts';
import type { AnyObject } from './admission.ts';

/**
 * What Argo's definitions fill in themselves: the protocol of a container's port.
 * argo v1.10.1 manifests/crds/rollout-crd.yaml, experiment-crd.yaml
 */
export function withCustomDefaults(object: AnyObject): AnyObject {
  const spec = object.spec as
    | { template?: PodTemplateSpec; templates?: TemplateSpec[] }
    | undefined;
  if (object.kind === 'Rollout' && spec?.template) {
    return { ...object, spec: { ...spec, template: withProtocols(spec.template) } };
  }
  if (object.kind !== 'Experiment' || !Array.isArray(spec?.templates)) return object;
  const templates = spec.templates.map((each) =>
    each.template ? { ...each, template: withProtocols(each.template) } : each,
  );
  return { ...object, spec: { ...spec, templates } };
}

function withProtocols(template: PodTemplateSpec): PodTemplateSpec {
  const { containers, initContainers } = template.spec ?? {};
  const hasPorts = [containers, initContainers].some(
    (list) => Array.isArray(list) && list.some(({ ports }) => Array.isArray(ports)),
  );
  if (!hasPorts) return template;
  return {
    ...template,
    spec: {
      ...template.spec,
      ...(containers && { containers: containers.map(withProtocol) }),
      ...(initContainers && { initContainers: initContainers.map(withProtocol) }),
    },
  };
}

function withProtocol(container: Container): Container {
  if (!Array.isArray(container.ports)) return container;
  const ports = container.ports.map((port) => ({ ...port, protocol: port.protocol ?? 'TCP' }));
  return { ...container, ports };
}
