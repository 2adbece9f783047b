/** What EKS and Kubernetes allow as names. Anything else names nothing, and goes no further. */
export const pathNames: Record<string, RegExp> = {
  cluster: /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
  namespace: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  name: /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
};

/** Whether every part of a path is a name of its kind. */
export function areNames(parts: Record<string, string>): boolean {
  return Object.entries(parts).every(([part, value]) => pathNames[part]?.test(value) !== false);
}
