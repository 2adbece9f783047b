import { describe, expect, it } from 'vitest';
import { serin } from '../cli/support.ts';
import { refused, rolloutOf } from './templates.ts';

async function lint(manifest: object) {
  return await serin(['lint', '-', '-o', 'json'], {}, undefined, JSON.stringify(manifest));
}

describe('what Kubernetes refuses in a Rollout, or in its ReplicaSet', () => {
  it('is not in the manifest as it is', async () => {
    const { code, out } = await lint(rolloutOf({}));
    expect(JSON.parse(out)).toMatchObject({ files: [{ rollouts: 1, findings: [] }] });
    expect(code).toBe(0);
  });

  it.each(refused)('is found: %s', async (_what, path, parts) => {
    const { code, out } = await lint(rolloutOf(parts));
    const [{ findings }] = JSON.parse(out).files;
    expect(findings.map((finding: { path: string }) => finding.path)).toEqual([path]);
    expect(code).toBe(1);
  });
});
