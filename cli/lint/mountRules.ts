import type {
  Container,
  Volume,
  VolumeDevice,
  VolumeMount,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { each, oneOf, pathWithinFaults, shown, stepsBack, wrongIf } from './rules.ts';

// What the API server refuses in how a container uses the volumes of its pod, beyond types and markers.
// k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go

export function mountsFaults(container: Container, path: string, volumes: Volume[]): FieldError[] {
  const { volumeMounts = [], volumeDevices = [], securityContext } = container;
  const byName = new Map(volumes.map((volume) => [volume.name, volume]));
  const missing = (name: string, at: string): FieldError[] =>
    wrongIf(Boolean(name) && !byName.has(name), at, `names no volume of the pod: ${shown(name)}`);
  return [
    ...each(volumeMounts, `${path}.volumeMounts`, (mount, at) => [
      ...missing(mount.name, `${at}.name`),
      ...subPathFaults(mount, at),
      ...readOnlyFaults(mount, `${at}.recursiveReadOnly`),
      ...wrongIf(
        mount.mountPropagation === 'Bidirectional' && securityContext?.privileged !== true,
        `${at}.mountPropagation`,
        'can be Bidirectional only where securityContext.privileged is true',
      ),
      ...wrongIf(
        volumeDevices.some(({ name }) => name === mount.name),
        `${at}.name`,
        'must not be among volumeDevices too',
      ),
    ]),
    ...each(volumeDevices, `${path}.volumeDevices`, (device, at, index) => {
      const volume = byName.get(device.name);
      const isClaim = !volume || volume.persistentVolumeClaim || volume.ephemeral;
      return [
        ...missing(device.name, `${at}.name`),
        ...wrongIf(!isClaim, `${at}.name`, 'must name a volume that is a claim'),
        ...wrongIf(
          volumeDevices.findIndex(({ name }) => name === device.name) < index,
          `${at}.name`,
          `is the volume of another device too: ${shown(device.name)}`,
        ),
        ...devicePathFaults(device, volumeMounts, `${at}.devicePath`),
      ];
    }),
  ];
}

function devicePathFaults(
  { devicePath }: VolumeDevice,
  mounts: VolumeMount[],
  path: string,
): FieldError[] {
  if (stepsBack(devicePath))
    return wrongIf(true, path, `must not contain .., not ${shown(devicePath)}`);
  const isTaken = Boolean(devicePath) && mounts.some(({ mountPath }) => mountPath === devicePath);
  return wrongIf(isTaken, path, `is the mountPath of a volume too: ${shown(devicePath)}`);
}

function readOnlyFaults(
  { recursiveReadOnly, readOnly, mountPropagation }: VolumeMount,
  path: string,
): FieldError[] {
  const isAsked = recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible';
  const isPropagated = Boolean(mountPropagation) && mountPropagation !== 'None';
  return [
    ...oneOf(recursiveReadOnly, path, ['Disabled', 'IfPossible', 'Enabled']),
    ...wrongIf(
      isAsked && (readOnly !== true || isPropagated),
      path,
      'works only with readOnly: true and without mountPropagation',
    ),
  ];
}

function subPathFaults({ subPath, subPathExpr }: VolumeMount, path: string): FieldError[] {
  if (subPath && subPathExpr)
    return wrongIf(true, `${path}.subPathExpr`, 'and subPath must not both be given');
  return [
    ...pathWithinFaults(subPath, `${path}.subPath`),
    ...pathWithinFaults(subPathExpr, `${path}.subPathExpr`),
  ];
}
