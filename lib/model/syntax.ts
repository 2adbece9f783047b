// How Kubernetes' names are written. k8s.io/apimachinery v0.34.5 pkg/util/validation/validation.go

/** A part of a host's name: of containers, volumes and namespaces. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name);
}

/** A host's name: of most objects. */
export function isDnsSubdomain(name: string): boolean {
  return (
    name.length <= 253 &&
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name)
  );
}

/** The key of a label or annotation: a name, or a host's name and a name. */
export function isLabelKey(key: string): boolean {
  const [name = '', prefix, ...more] = key.split('/').reverse();
  if (more.length > 0 || (prefix !== undefined && !isDnsSubdomain(prefix))) return false;
  return name !== '' && isLabelValue(name);
}

export function isLabelValue(value: string): boolean {
  return value.length <= 63 && /^([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)?$/.test(value);
}

/** The name of a port: with a letter, and no two hyphens side by side. */
export function isPortName(name: string): boolean {
  return name.length <= 15 && /^(?!.*--)(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name);
}
