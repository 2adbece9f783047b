import type { PodSpec } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { oneOf, pathWithinFaults, shown, stepsBack, wrongIf } from './rules.ts';

// What the API server refuses in profiles of seccomp and AppArmor, and in the annotations that mean something
// to it in a pod. k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

type Profile = { type: string; localhostProfile?: string };

export function profilesFaults(
  context: { seccompProfile?: Profile; appArmorProfile?: Profile } | undefined,
  path: string,
): FieldError[] {
  const { seccompProfile, appArmorProfile } = context ?? {};
  const seccompPath = `${path}.seccompProfile.localhostProfile`;
  const appArmorPath = `${path}.appArmorProfile.localhostProfile`;
  const name = appArmorProfile?.localhostProfile ?? '';
  const isNameless = appArmorProfile?.type === 'Localhost' && name === '';
  return [
    ...fileFaults(seccompProfile, seccompPath),
    ...pathWithinFaults(seccompProfile?.localhostProfile, seccompPath),
    ...(isNameless
      ? wrongIf(true, appArmorPath, 'is missing')
      : fileFaults(appArmorProfile, appArmorPath)),
    ...wrongIf(name !== name.trim(), appArmorPath, 'must not begin or end with a blank'),
  ];
}

function fileFaults(profile: Profile | undefined, path: string): FieldError[] {
  const isLocal = profile?.type === 'Localhost';
  const isGiven = profile?.localhostProfile !== undefined;
  return [
    ...wrongIf(isLocal && !isGiven, path, 'is missing'),
    ...wrongIf(!isLocal && isGiven, path, 'is only for type: Localhost'),
  ];
}

const mirror = 'kubernetes.io/config.mirror';
const appArmor = 'container.apparmor.security.beta.kubernetes.io/';
const seccomp =
  /^(container\.seccomp\.security\.alpha\.kubernetes\.io\/|seccomp\.security\.alpha\.kubernetes\.io\/pod$)/;

/** Of a pod of this spec. Where a workload has it, the spec is not known. */
export function podAnnotationsFaults(
  annotations: Record<string, string> | undefined,
  path: string,
  spec: PodSpec | undefined,
): FieldError[] {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return Object.entries(annotations ?? {}).flatMap(([key, value]) => {
    const at = `${path}[${key}]`;
    if (key === mirror)
      return wrongIf(spec !== undefined && !spec.nodeName, at, 'works only with nodeName');
    if (seccomp.test(key)) return seccompFaults(value, at);
    if (!key.startsWith(appArmor)) return [];
    const name = key.slice(appArmor.length);
    const isThere = spec === undefined || containers.some((container) => container.name === name);
    return [
      ...wrongIf(!isThere, at, `names no container of the pod: ${shown(name)}`),
      ...(value.startsWith('localhost/')
        ? []
        : oneOf(value || undefined, at, profiles.slice(0, 2))),
    ];
  });
}

const profiles = ['runtime/default', 'unconfined', 'docker/default'];

function seccompFaults(value: string, path: string): FieldError[] {
  const local = /^localhost\/(.*)/s.exec(value)?.[1];
  if (local !== undefined) {
    const isOutside = local.startsWith('/') || stepsBack(local);
    return wrongIf(isOutside, path, `must be a relative path without .., not ${shown(local)}`);
  }
  return wrongIf(
    !profiles.includes(value),
    path,
    `must be one of ${profiles.join(', ')}, localhost/FILE, not ${shown(value)}`,
  );
}
