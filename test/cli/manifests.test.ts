import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { serin } from './support.ts';

// That an API server takes them, and that the rights are enough: test/cluster/inCluster.test.ts.

type Manifest = {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
};

async function manifests(...args: string[]): Promise<Manifest[]> {
  const { code, out, err } = await serin(['manifests', '--image', 'registry.example/a:1', ...args]);
  expect([code, err]).toEqual([0, '']);
  return parseAllDocuments(out).map((each) => each.toJS());
}

it('prints two pods that no right is given to but those they need', async () => {
  const objects = await manifests('-n', 'tools', '--router', 'nginx', '--instance-id', 'blue');
  expect(objects.map(({ kind }) => kind)).toEqual([
    ...['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
    ...['Deployment', 'PodDisruptionBudget'],
  ]);
  const role = objects.find(({ kind }) => kind === 'ClusterRole');
  const ingresses = role?.rules?.filter(({ resources }) => resources.includes('ingresses'));
  expect(ingresses?.[0]?.verbs).toEqual(expect.arrayContaining(['get', 'list', 'patch', 'watch']));
  for (const { apiGroups, resources, verbs } of role?.rules ?? []) {
    expect([...apiGroups, ...resources, ...verbs].join(' ')).not.toMatch(
      /\*|secrets|virtualserv|jobs/,
    );
  }
  expect(objects.find(({ kind }) => kind === 'Deployment')).toMatchObject({
    metadata: { namespace: 'tools' },
    spec: {
      replicas: 2,
      template: {
        spec: {
          securityContext: { runAsNonRoot: true },
          containers: [
            {
              image: 'registry.example/a:1',
              args: expect.arrayContaining(['--lease', 'tools/serin', '--instance-id', 'blue']),
              securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
            },
          ],
        },
      },
    },
  });
});

it.each([
  [['manifests'], /--image <image>/],
  [['manifests', '--image', 'a', '--router', 'envoy'], /must be one of alb, /],
  [['manifests', '--image', 'a', '--replicas', '0'], /from 1 to 9/],
  [['manifests', '--image', 'a', '-n', 'a', '-n', 'b'], /runs in one namespace/],
])('%j is wrong usage', async (argv, message) => {
  const { code, out, err } = await serin(argv);
  expect(err).toMatch(message);
  expect([code, out]).toEqual([2, '']);
});
