import type {
  Container,
  LifecycleHandler,
  ObjectFieldSelector,
  PodSpec,
  PodTemplate,
  PodTemplateSpec,
  Probe,
  ReplicaSet,
  Volume,
  VolumeProjection,
} from '../../model/argo.generated.ts';

// What the API server fills into a ReplicaSet, so that templates can be compared with stored ones.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/v1/defaults.go, pkg/apis/apps/v1/defaults.go

const readableByAll = 0o644;
const tokenLifeSeconds = 3600;

/** Those that a Deployment has in common with it. */
export function withReplicaSetDefaults(set: ReplicaSet): ReplicaSet {
  const { spec = {} } = set;
  const template = spec.template === undefined ? {} : withTemplateDefaults(spec.template);
  return { ...set, spec: { ...spec, replicas: spec.replicas ?? 1, template } };
}

export function withPodTemplateDefaults(object: PodTemplate): PodTemplate {
  return { ...object, template: withTemplateDefaults(object.template ?? {}) };
}

function withTemplateDefaults(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: withPodDefaults(template.spec ?? {}) };
}

function withPodDefaults(spec: PodSpec): PodSpec {
  const { volumes, initContainers, containers, serviceAccountName = spec.serviceAccount } = spec;
  const inHostNetwork = spec.hostNetwork === true;
  const filled = (container: Container): Container =>
    withContainerDefaults(container, inHostNetwork);
  return {
    ...spec,
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy ?? 'ClusterFirst',
    securityContext: spec.securityContext ?? {},
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    // The second is the first under its old name; the server keeps both.
    ...(serviceAccountName ? { serviceAccountName, serviceAccount: serviceAccountName } : {}),
    ...(volumes ? { volumes: volumes.map(withVolumeDefaults) } : {}),
    ...(initContainers ? { initContainers: initContainers.map(filled) } : {}),
    ...(containers ? { containers: containers.map(filled) } : {}),
  };
}

function withContainerDefaults(container: Container, inHostNetwork: boolean): Container {
  const { ports, env, livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return {
    ...container,
    resources: container.resources ?? {},
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
    imagePullPolicy: container.imagePullPolicy ?? pullPolicy(container.image ?? ''),
    ...(ports && {
      ports: ports.map((port) => ({
        ...port,
        protocol: port.protocol ?? 'TCP',
        ...(inHostNetwork ? { hostPort: port.hostPort ?? port.containerPort } : {}),
      })),
    }),
    ...(env && {
      env: env.map((variable) => {
        const { valueFrom } = variable;
        if (valueFrom?.fieldRef === undefined) return variable;
        return {
          ...variable,
          valueFrom: { ...valueFrom, fieldRef: withVersion(valueFrom.fieldRef) },
        };
      }),
    }),
    ...(livenessProbe && { livenessProbe: withProbeDefaults(livenessProbe) }),
    ...(readinessProbe && { readinessProbe: withProbeDefaults(readinessProbe) }),
    ...(startupProbe && { startupProbe: withProbeDefaults(startupProbe) }),
    ...(lifecycle && {
      lifecycle: {
        ...lifecycle,
        ...(lifecycle.postStart && { postStart: withHttpDefaults(lifecycle.postStart) }),
        ...(lifecycle.preStop && { preStop: withHttpDefaults(lifecycle.preStop) }),
      },
    }),
  };
}

/** `Always` where the image may change under its name: without a tag, or with `latest`. */
function pullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const [tagged = '', digest] = image.split('@');
  // A colon before the last slash belongs to the registry's port.
  const [, tag = digest === undefined ? 'latest' : ''] = tagged
    .slice(tagged.lastIndexOf('/') + 1)
    .split(':');
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function withProbeDefaults(probe: Probe): Probe {
  return {
    ...withHttpDefaults(probe),
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    ...(probe.grpc && { grpc: { ...probe.grpc, service: probe.grpc.service ?? '' } }),
  };
}

function withHttpDefaults<T extends Pick<LifecycleHandler, 'httpGet'>>(handler: T): T {
  const { httpGet } = handler;
  if (httpGet === undefined) return handler;
  return {
    ...handler,
    httpGet: { ...httpGet, path: httpGet.path ?? '/', scheme: httpGet.scheme ?? 'HTTP' },
  };
}

function withVersion(field: ObjectFieldSelector): ObjectFieldSelector {
  return { ...field, apiVersion: field.apiVersion ?? 'v1' };
}

function withVolumeDefaults(volume: Volume): Volume {
  const { secret, configMap, downwardAPI, projected, hostPath } = volume;
  const { name, ...source } = volume;
  if (Object.keys(source).length === 0) return { name, emptyDir: {} };
  return {
    ...volume,
    ...(secret && { secret: { ...secret, defaultMode: secret.defaultMode ?? readableByAll } }),
    ...(configMap && {
      configMap: { ...configMap, defaultMode: configMap.defaultMode ?? readableByAll },
    }),
    ...(downwardAPI && {
      downwardAPI: {
        ...withFileDefaults(downwardAPI),
        defaultMode: downwardAPI.defaultMode ?? readableByAll,
      },
    }),
    ...(projected && {
      projected: {
        ...projected,
        defaultMode: projected.defaultMode ?? readableByAll,
        ...(projected.sources && { sources: projected.sources.map(withProjectionDefaults) }),
      },
    }),
    ...(hostPath && { hostPath: { ...hostPath, type: hostPath.type ?? '' } }),
  };
}

function withProjectionDefaults(projection: VolumeProjection): VolumeProjection {
  const { serviceAccountToken: token, downwardAPI } = projection;
  return {
    ...projection,
    ...(token && {
      serviceAccountToken: {
        ...token,
        expirationSeconds: token.expirationSeconds ?? tokenLifeSeconds,
      },
    }),
    ...(downwardAPI && { downwardAPI: withFileDefaults(downwardAPI) }),
  };
}

type WithFiles = { items?: { path: string; fieldRef?: ObjectFieldSelector }[] };

function withFileDefaults<T extends WithFiles>(source: T): T {
  if (source.items === undefined) return source;
  const items = source.items.map((file) =>
    file.fieldRef === undefined ? file : { ...file, fieldRef: withVersion(file.fieldRef) },
  );
  return { ...source, items };
}
