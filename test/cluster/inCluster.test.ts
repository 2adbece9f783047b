import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { plugin } from './peer.ts';
import { until } from './processes.ts';
import { serinCommand, startSerin } from './serin.ts';
import { apply, newNamespace, reaches, webRollout, withControlPlane } from './stage.ts';

// What `serin manifests` prints, taken by a real API server; and `serin run` with the rights of it. No image
// is built here: kwok says of pods that they run.

const plane = withControlPlane({ audit: true });
const account = 'system:serviceaccount:serin:serin';

/** A kubeconfig that signs in as the service account, as the pod would. */
async function accountConfig(): Promise<string> {
  const token = (await plane().kubectl(['create', 'token', 'serin', '-n', 'serin'])).trim();
  const config = JSON.parse(readFileSync(plane().kubeconfig, 'utf8'));
  config.users = [{ name: 'admin', user: { token } }];
  const file = join(plane().dir, 'kubeconfig-account');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** What the API server's audit log says that the account did. */
function did(): { forbidden: string[]; used: string[] } {
  const lines = readFileSync(plane().auditLog, 'utf8').split('\n').filter(Boolean);
  const own = lines.map((line) => JSON.parse(line)).filter(({ user }) => user.username === account);
  const rightOf = ({ verb, objectRef }: { verb: string; objectRef?: Record<string, string> }) =>
    `${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')}`;
  const forbidden = own.filter(({ responseStatus }) => responseStatus?.code === 403);
  return { forbidden: [...new Set(forbidden.map(rightOf))], used: [...new Set(own.map(rightOf))] };
}

it('are taken by the API server, and let serin run do all it does', async () => {
  const { out, code } = await serinCommand('manifests --image serin:test --router alb --jobs');
  expect(code).toBe(0);
  const file = join(plane().dir, 'manifests.yaml');
  writeFileSync(file, out);
  const applied = await plane().kubectl(['apply', '-f', file]);
  expect(applied).not.toMatch(/Warning|would violate/);
  const dryRun = await plane().kubectl(['apply', '--dry-run=server', '-f', file]);
  expect(dryRun.trim().split('\n')).toHaveLength(8);
  // The namespace takes restricted pods only.
  await plane().kubectl([
    ...['wait', '-n', 'serin', 'deployment/serin', '--for=condition=Available'],
    '--timeout=60s',
  ]);
  const [{ spec }] = JSON.parse(
    await plane().kubectl(['get', 'pods', '-n', 'serin', '-o', 'json']),
  ).items;
  expect(spec.serviceAccountName).toBe('serin');

  const kubeconfig = await accountConfig();
  const serin = await startSerin(plane(), { kubeconfig, lease: 'serin/serin', inMemory: true });
  onTestFinished(serin.stop);
  const namespace = await newNamespace(plane(), 'in-cluster');
  const steps = [{ setWeight: 34 }, { pause: {} }];
  await apply(plane(), webRollout(namespace, { strategy: { canary: { steps } } }));
  await reaches(plane(), namespace, 'Healthy');
  await plugin(plane(), namespace, 'set image web web=web:v2');
  await reaches(plane(), namespace, 'Paused', { step: 1 });
  await plugin(plane(), namespace, 'promote web');
  await reaches(plane(), namespace, 'Healthy', { step: 2 });
  await until('the list of runs', async () => did().used.includes('list analysisruns'));
  // The log has a watch once it is over.
  await serin.stop();
  await until('the end of the watches', async () => did().used.includes('watch rollouts'));
  const { forbidden, used } = did();
  expect(used).toEqual(expect.arrayContaining(['watch rollouts', 'patch leases', 'create leases']));
  // To name another controller at the start, it looks for one where it may.
  const looks = ['list deployments', 'list leases', 'list pods'];
  expect(forbidden.filter((right) => !looks.includes(right))).toEqual([]);
});
