import type {
  ReplicaSet,
  Service,
  ServicePort,
  TemplateSpec,
  TemplateStatus,
} from '../../model/argo.generated.ts';
import { experimentNameAnnotation, experimentTemplateAnnotation } from '../../model/names.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { availableOf, nameOf, ownerReference, podHashOf } from '../../model/workload.ts';
import { type Facts, isOfTemplate, isOwn, serviceNameOf } from './facts.ts';

// The Services of an Experiment's pods. argo v1.10.1 experiments/service.go

export type ServicePart = {
  /** In the status while there is one. */
  names: Pick<TemplateStatus, 'serviceName' | 'podTemplateHash'>;
  writes: Write[];
  fault?: string;
};

/** `set`: the ReplicaSet as it will be; `wanted`: how many pods it is to have. */
export function templateService(
  facts: Facts,
  template: TemplateSpec,
  { set, wanted }: { set: ReplicaSet | undefined; wanted: number },
): ServicePart {
  const { experiment, observed } = facts;
  const name = serviceNameOf(experiment, template);
  const found = observed.services.get(template.name);
  const isIts = found && isOwn(experiment, found) && isOfTemplate(found, template);
  const own = isIts ? found : undefined;
  const none: ServicePart = { names: {}, writes: [] };
  if (name === undefined || !set) return own ? removed(own) : none;
  if (wanted === 0) {
    const isEmpty = availableOf(set) === 0;
    return own && !isEmpty ? { ...none, names: namesOf(own, set) } : own ? removed(own) : none;
  }
  if (own) return { ...none, names: namesOf(own, set) };
  const ports = portsOf(template);
  if (ports.length === 0) return none;
  const why = found
    ? `service ${name} already exists and is not owned by experiment template ${template.name}`
    : observed.record?.refused;
  if (why !== undefined) {
    const fault = `Failed to create Service ${name} for template '${template.name}': ${why}`;
    return { ...none, fault };
  }
  const object = serviceOf(facts, template, { name, set, ports });
  const create: Write = { phase: 'create', do: 'create', kind: 'Service', object };
  return { names: namesOf(object, set), writes: [create] };
}

function removed(service: Service): ServicePart {
  const isGoing = service.metadata?.deletionTimestamp !== undefined;
  const remove: Write = { phase: 'prune', do: 'delete', ref: refOf('Service', service) };
  return { names: {}, writes: isGoing ? [] : [remove] };
}

function namesOf(service: Service, set: ReplicaSet): ServicePart['names'] {
  return { serviceName: nameOf(service), podTemplateHash: podHashOf(set) };
}

function serviceOf(
  { experiment }: Facts,
  template: TemplateSpec,
  { name, set, ports }: { name: string; set: ReplicaSet; ports: ServicePort[] },
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: experiment.metadata?.namespace ?? 'default',
      annotations: {
        [experimentNameAnnotation]: nameOf(experiment),
        [experimentTemplateAnnotation]: template.name,
      },
      ownerReferences: [ownerReference('Experiment', experiment)],
    },
    spec: { selector: { ...set.metadata?.labels }, ports },
  };
}

/** One for each port of its containers. */
function portsOf({ template }: TemplateSpec): ServicePort[] {
  const ports = (template?.spec?.containers ?? []).flatMap((each) => each.ports ?? []);
  return ports.map(({ name, protocol, containerPort }) => ({
    ...(name && { name }),
    ...(protocol && { protocol }),
    ...{ port: containerPort, targetPort: containerPort },
  }));
}
