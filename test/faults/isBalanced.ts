/** Of one seed in four the releases are behind load balancers. */
export function isBalanced(seed: number): boolean {
  return seed % 4 === 3;
}
