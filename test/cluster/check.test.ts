import { describe, expect, it } from 'vitest';
import { checkApi } from '../../lib/diagnose/checkApi.ts';
import { rightsByRouter, rightsIn } from '../../lib/diagnose/rights.ts';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import type { ClusterEntry } from '../../lib/model/documents.ts';
import { packaged } from '../../lib/packaged.ts';
import { newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { apply, newNamespace, webRollout, withControlPlane } from './stage.ts';

// What `serin cluster check` finds out from a real API server, as the users that there are.

const plane = withControlPlane();
const place = new URL('../../infra/cluster/', import.meta.url).pathname;
const manifests = packaged('infra/cluster');
const secret = newSecret();
const entry: ClusterEntry = {
  ...{
    name: 'prod',
    region: 'eu-central-1',
    eksName: 'prod',
    endpoint: '',
    addedAt: 0,
    addedBy: '',
  },
  doorbell: { webhookEnabled: false, secrets: [{ sha256: secretHash(secret) }] },
};

async function found(user: string, admin?: string): Promise<Record<string, string>> {
  const as = (name: string) => ({ signIn: contextOf(plane().kubeconfigOf(name)).signIn });
  const findings = await checkApi({
    ...{ entry, by: as(user), ...(admin && { admin: as(admin) }) },
    ...{ rights: rightsIn(manifests), routers: rightsByRouter(manifests) },
    ...{ userAgent: 'serin/test', now: Date.now() },
  });
  return Object.fromEntries(findings.map(({ what, state, text }) => [what, `${state}: ${text}`]));
}

function webhook(url: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'serin-doorbell' },
    webhooks: [
      {
        ...{ name: 'rollouts.doorbell.serin', clientConfig: { url } },
        ...{ admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Ignore' },
        rules: [
          {
            ...{ apiGroups: ['argoproj.io'], apiVersions: ['*'] },
            ...{ operations: ['DELETE'], resources: ['experiments'] },
          },
        ],
      },
    ],
  };
}

describe('a check of a real cluster', () => {
  it('finds each right missing before infra/cluster is applied, and none after', async () => {
    const { rights: before } = await found('controller');
    expect(before).toMatch(/^wrong: it may not get rollouts\.argoproj\.io, list rollouts/);
    expect(before?.split(', ')).toHaveLength(rightsIn(manifests).length);
    await plane().kubectl(['apply', '-k', place]);
    expect(await found('controller')).toMatchObject({
      'sign-in': 'good: as controller, in the group serin:controller',
      rights: `good: all ${rightsIn(manifests).length} it needs`,
      definitions: 'good: all 5 are there',
      // Serin itself may not read where the cluster's webhooks call.
      doorbell: expect.stringMatching(/^unseen: list validatingwebhookconfigurations.*403/),
    });
  });

  it('finds the rights missing for a router that Rollouts use, until its component is applied', async () => {
    const namespace = await newNamespace(plane(), 'routed');
    const virtualService = { name: 'web', routes: ['primary'] };
    const trafficRouting = { istio: { virtualService } };
    const services = { canaryService: 'canary', stableService: 'stable' };
    const strategy = { canary: { ...services, trafficRouting } };
    await apply(plane(), webRollout(namespace, { strategy }));
    expect((await found('controller'))['rights for istio']).toBe(
      'wrong: it may not get virtualservices.networking.istio.io, ' +
        'patch virtualservices.networking.istio.io, get destinationrules.networking.istio.io, ' +
        `patch destinationrules.networking.istio.io, which ${namespace}/web needs`,
    );
    await plane().kubectl(['apply', '-f', `${place}routers/istio/rbac.yaml`]);
    expect((await found('controller'))['rights for istio']).toBe('good: all 4 it needs');
  });

  it('sees the doorbell as an administrator, and whether its secret is the right one', async () => {
    expect((await found('controller', 'admin')).doorbell).toMatch(/^note: there is none/);
    await apply(plane(), webhook(`https://127.0.0.1:9/v1/doorbell/prod/${secret}`));
    expect((await found('controller', 'admin')).doorbell).toBe(
      'good: installed, with the right secret',
    );
    await apply(plane(), webhook(`https://127.0.0.1:9/v1/doorbell/prod/${newSecret()}`));
    expect((await found('controller', 'admin')).doorbell).toMatch(/^wrong: it rings with a secret/);
  });

  it('an administrator asks on behalf of the group', async () => {
    const { 'sign-in': signIn, rights } = await found('admin');
    expect(signIn).toMatch(/^note: as admin, who is not in the group/);
    expect(rights).toBe(`good: all ${rightsIn(manifests).length} it needs`);
  });

  it('a user without rights is told what could not be seen', async () => {
    const { rights } = await found('nobody');
    expect(rights).toMatch(/^unseen: create subjectaccessreviews.*403/);
  });
});
