import { isDeepStrictEqual } from 'node:util';
import type {
  PodSpec,
  SecurityContext,
  WindowsSecurityContextOptions,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { named, oneOf, shown, wrongIf } from './rules.ts';

// What the API server refuses in a pod for the operating system that it names.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

/** Of Linux, and of no other system: of a pod, of its security context, and of a container's. */
const linuxOnly = {
  pod: ['hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'],
  context: [
    ...['appArmorProfile', 'seLinuxOptions', 'seLinuxChangePolicy', 'seccompProfile', 'sysctls'],
    ...['fsGroup', 'fsGroupChangePolicy', 'runAsUser', 'runAsGroup'],
    ...['supplementalGroups', 'supplementalGroupsPolicy'],
  ],
  container: [
    ...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'procMount'],
    ...['readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation'],
    ...['runAsUser', 'runAsGroup'],
  ],
};

export function osFaults(spec: PodSpec, path: string): FieldError[] {
  const name = spec.os?.name ?? '';
  const ofPod: Place = [spec.securityContext, `${path}.securityContext`];
  const ofContainers = (['initContainers', 'containers'] as const).flatMap((field) =>
    (spec[field] ?? []).map(({ securityContext }, index): Place => {
      return [securityContext, `${path}.${field}[${index}].securityContext`];
    }),
  );
  const all = [ofPod, ...ofContainers];
  if (name === 'linux') return all.flatMap((each) => without(each, ['windowsOptions'], name));
  return [
    ...(name === '' ? [] : oneOf(name, `${path}.os.name`, ['linux', 'windows'])),
    ...all.flatMap(([context, at]) =>
      windowsFaults(context?.windowsOptions, `${at}.windowsOptions`),
    ),
    ...hostProcessFaults(spec, path, ofContainers),
    ...(name === 'windows'
      ? [
          ...without([spec, path], linuxOnly.pod, name),
          ...without(ofPod, linuxOnly.context, name),
          ...ofContainers.flatMap((each) => without(each, linuxOnly.container, name)),
        ]
      : []),
  ];
}

/** A security context, and where it is. */
type Place = readonly [SecurityContext | undefined, path: string];

/** Containers that are processes of the node: all of a pod, or none. */
function hostProcessFaults(spec: PodSpec, path: string, contexts: Place[]): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const own = contexts.map(([context]) => context?.windowsOptions?.hostProcess);
  const count = own.filter((each) => each ?? ofPod).length;
  return [
    ...contexts.flatMap(([, at], index) =>
      wrongIf(
        ofPod !== undefined && own[index] !== undefined && own[index] !== ofPod,
        `${at}.windowsOptions.hostProcess`,
        `must be that of the pod, ${ofPod}`,
      ),
    ),
    ...wrongIf(
      count > 0 && count < own.length && ofPod === undefined,
      `${path}.containers`,
      'must all have securityContext.windowsOptions.hostProcess: true, or none',
    ),
    ...wrongIf(
      count > 0 && spec.hostNetwork !== true,
      `${path}.hostNetwork`,
      'must be true where hostProcess is',
    ),
  ];
}

function windowsFaults(
  options: WindowsSecurityContextOptions | undefined,
  path: string,
): FieldError[] {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options ?? {};
  return [
    ...named(gmsaCredentialSpecName, `${path}.gmsaCredentialSpecName`, 'subdomain'),
    ...wrongIf(gmsaCredentialSpecName === '', `${path}.gmsaCredentialSpecName`, 'is empty'),
    ...wrongIf(
      gmsaCredentialSpec === '' || Buffer.byteLength(gmsaCredentialSpec ?? '') > 64 * 1024,
      `${path}.gmsaCredentialSpec`,
      'must not be empty, nor longer than 64 KiB',
    ),
    ...wrongIf(
      runAsUserName !== undefined && !isWindowsUser(runAsUserName),
      `${path}.runAsUserName`,
      `must be the name of a user, or a domain, \\ and such a name, not ${shown(runAsUserName)}`,
    ),
  ];
}

function isWindowsUser(text: string): boolean {
  const [user = '', domain, ...more] = text.split('\\').reverse();
  const isUser = /^(?![. ]+$)[^"/\\:;|=,+*?<>@[\]\p{Cc}]{1,104}$/u.test(user);
  const netBios = /^(?!\.)[^\\/:*?"<>|\p{Cc}]{1,15}$/u;
  const dns = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
  const isDomain =
    domain === undefined || (domain.length < 256 && (netBios.test(domain) || dns.test(domain)));
  return isUser && isDomain && more.length === 0;
}

function without(
  [object, path]: readonly [object | undefined, path: string],
  fields: readonly string[],
  name: string,
): FieldError[] {
  return Object.entries(object ?? {}).flatMap(([field, value]) => {
    const isNothing = (value === false && isPlain.has(field)) || isDeepStrictEqual(value, []);
    const isWrong = fields.includes(field) && !isNothing;
    return wrongIf(isWrong, `${path}.${field}`, `can not be in a pod of ${name}`);
  });
}

/** Where false is as good as nothing. */
const isPlain = new Set(['hostPID', 'hostIPC']);
