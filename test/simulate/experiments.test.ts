import { describe, expect, it } from 'vitest';
import type { ExperimentSpec } from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { experimentStage, namespace, templateOf } from './experimentStage.ts';

describe('an Experiment of nobody', () => {
  it('runs its templates side by side for its time, and keeps their pods a while longer', async () => {
    const { apply, pass, status, sizes, services, read, cluster, failures } = experimentStage();
    apply('trial', {
      duration: '20s',
      scaleDownDelaySeconds: 10,
      templates: [
        templateOf('one', { replicas: 2, ports: [80], service: {} }),
        templateOf('two', { image: 'web:v2' }),
      ],
    });
    await pass(15 * secondMs);
    expect(status('trial')).toMatchObject({
      phase: 'Running',
      templateStatuses: [
        { name: 'one', status: 'Running', availableReplicas: 2, serviceName: 'trial-one' },
        { name: 'two', status: 'Running', availableReplicas: 1 },
      ],
      conditions: [
        {
          ...{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
          message: 'Experiment "trial" is running.',
        },
      ],
    });
    const set = cluster.read.get('ReplicaSet', namespace, 'trial-one');
    const hash = podTemplateHash(read('trial').spec?.templates?.[0]?.template);
    expect(set.metadata).toMatchObject({
      labels: { app: 'one', 'rollouts-pod-template-hash': hash },
      annotations: {
        'experiment.argoproj.io/name': 'trial',
        'experiment.argoproj.io/template-name': 'one',
      },
      ownerReferences: [{ kind: 'Experiment', name: 'trial', controller: true }],
    });
    expect(set.spec?.selector?.matchLabels).toEqual({
      app: 'one',
      'rollouts-pod-template-hash': hash,
    });
    expect(status('trial').templateStatuses?.[0]?.podTemplateHash).toBe(hash);
    expect(services()).toEqual(['trial-one']);
    expect(cluster.read.get('Service', namespace, 'trial-one').spec).toMatchObject({
      selector: { app: 'one', 'rollouts-pod-template-hash': hash },
      ports: [{ port: 80, targetPort: 80 }],
    });

    await pass(14 * secondMs);
    expect(status('trial')).toMatchObject({
      phase: 'Successful',
      templateStatuses: [{ status: 'Successful' }, { status: 'Successful' }],
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ExperimentCompleted' }],
    });
    expect(sizes()).toEqual({ 'trial-one': '2/2', 'trial-two': '1/1' });

    await pass(30 * secondMs);
    expect(sizes()).toEqual({ 'trial-one': '0/0', 'trial-two': '0/0' });
    expect(services()).toEqual([]);
    expect(status('trial').templateStatuses?.[0]).not.toHaveProperty('serviceName');
    expect(status('trial').templateStatuses?.[0]).toMatchObject({ replicas: 0 });
    const { resourceVersion } = read('trial').metadata ?? {};
    await pass(10 * minuteMs);
    expect(read('trial').metadata?.resourceVersion).toBe(resourceVersion);
    expect(failures).toEqual([]);
  });

  it('keeps its pods for half a minute where it does not say how long', async () => {
    const { apply, pass, status, sizes } = experimentStage();
    apply('trial', { duration: '5s', templates: [templateOf('one')] });
    await pass(20 * secondMs);
    expect(status('trial').phase).toBe('Successful');
    expect(sizes()).toEqual({ 'trial-one': '1/1' });
    await pass(25 * secondMs);
    expect(sizes()).toEqual({ 'trial-one': '0/0' });
  });

  it('ends well when it is told to', async () => {
    const { apply, pass, status, sizes } = experimentStage();
    const spec = { scaleDownDelaySeconds: 0, templates: [templateOf('one')] };
    apply('trial', spec);
    await pass(minuteMs);
    expect(status('trial').phase).toBe('Running');
    apply('trial', { ...spec, terminate: true });
    await pass(10 * secondMs);
    expect(status('trial')).toMatchObject({
      phase: 'Successful',
      templateStatuses: [{ status: 'Successful' }],
    });
    expect(sizes()).toEqual({ 'trial-one': '0/0' });
  });

  it('fails with a template whose pods do not come in time', async () => {
    const { apply, pass, status, sizes, services, events } = experimentStage();
    apply('trial', {
      ...{ progressDeadlineSeconds: 30, scaleDownDelaySeconds: 0 },
      templates: [
        templateOf('one', { replicas: 2, ports: [80], service: {} }),
        templateOf('bad', { image: 'web:bad' }),
      ],
    });
    await pass(25 * secondMs);
    expect(status('trial').phase).toBe('Pending');
    await pass(20 * secondMs);
    const message = "Template 'bad' exceeded its progressDeadlineSeconds (30)";
    expect(status('trial')).toMatchObject({
      ...{ phase: 'Failed', message },
      templateStatuses: [{ status: 'Successful' }, { status: 'Failed', message }],
    });
    expect(sizes()).toEqual({ 'trial-one': '0/0', 'trial-bad': '0/0' });
    expect(services()).toEqual([]);
    expect(events()).toContain(
      `TemplateFailed: Template 'bad' transitioned from Progressing -> Failed: ${message}`,
    );
    expect(events()).toContain('ExperimentFailed: Experiment transitioned from Pending -> Failed');
  });

  it('fails where the name of one of its objects is taken', async () => {
    const { apply, pass, status, cluster } = experimentStage();
    cluster.apply('Service', {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace } },
    });
    apply('trial', {
      scaleDownDelaySeconds: 0,
      templates: [templateOf('one', { ports: [80], service: { name: 'web' } })],
    });
    await pass(20 * secondMs);
    const message =
      "Failed to create Service web for template 'one': service web already exists and is not owned by " +
      'experiment template one';
    expect(status('trial')).toMatchObject({ phase: 'Error', message });
  });

  it('says what is wrong with it, and goes on once that is put right', async () => {
    const { apply, pass, status, sizes } = experimentStage();
    apply('trial', { templates: [templateOf('one'), templateOf('one')] });
    await pass(10 * secondMs);
    expect(status('trial').conditions).toMatchObject([
      {
        ...{ type: 'InvalidSpec', status: 'True', reason: 'InvalidSpec' },
        message:
          'The Experiment "trial" is invalid: spec.templates[1].name is one, which another one before it ' +
          'has already',
      },
    ]);
    expect(sizes()).toEqual({});
    apply('trial', { templates: [templateOf('one')] });
    await pass(20 * secondMs);
    expect(status('trial')).toMatchObject({
      phase: 'Running',
      conditions: [{ type: 'Progressing' }],
    });
  });

  it('is left to the controller whose instance id it has', async () => {
    const { cluster, pass, read, sizes } = experimentStage();
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'other' };
    cluster.apply('Experiment', {
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment' },
      metadata: { name: 'trial', namespace, labels },
      spec: { templates: [templateOf('one')] },
    });
    await pass(minuteMs);
    expect(read('trial').status).toBeUndefined();
    expect(sizes()).toEqual({});
  });
});

describe('the analyses of an Experiment', () => {
  const metric = {
    name: 'ok',
    successCondition: 'result == 1',
    interval: '1h',
    provider: { web: { url: 'http://metrics/t/gauge/ok?hash={{args.hash}}&rs={{args.rs}}' } },
  };
  const spec: ExperimentSpec = {
    scaleDownDelaySeconds: 0,
    templates: [templateOf('one'), templateOf('two', { image: 'web:v2' })],
    analyses: [
      {
        ...{ name: 'needed', templateName: 'check', requiredForCompletion: true },
        args: [
          { name: 'hash', value: '{{templates.one.podTemplateHash}}' },
          { name: 'rs', value: '{{ templates.two.replicaset.name }}' },
        ],
      },
      { name: 'beside', templateName: 'check' },
    ],
    analysisRunMetadata: { labels: { made: 'by-us' } },
  };
  const args = [
    { name: 'hash', value: 'none' },
    { name: 'rs', value: 'none' },
  ];

  function open(over: Partial<ExperimentSpec> = {}) {
    const stage = experimentStage();
    const { cluster } = stage;
    cluster.apply('AnalysisTemplate', {
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate' },
      metadata: { name: 'check', namespace },
      spec: { metrics: [metric], args },
    });
    stage.apply('trial', { ...spec, ...over });
    const run = (name: string) => cluster.read.get('AnalysisRun', namespace, name);
    return {
      ...stage,
      run,
      runs: () => cluster.read.list('AnalysisRun', namespace).map(({ metadata }) => metadata?.name),
      /** As the controller of runs would find it. */
      say: (name: string, phase: string, message?: string) => {
        cluster.apply('AnalysisRun', {
          ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun' },
          metadata: { name, namespace },
          status: { ...run(name).status, phase, ...(message && { message }) },
        });
      },
    };
  }

  it('begin once all pods are there, with what is known of them', async () => {
    const { pass, run, runs, status, cluster } = open();
    await pass(20 * secondMs);
    expect(runs()).toEqual(['trial-beside', 'trial-needed']);
    const hash = cluster.read.get('ReplicaSet', namespace, 'trial-one').metadata?.labels?.[
      hashLabel
    ];
    expect(run('trial-needed')).toMatchObject({
      metadata: {
        labels: { made: 'by-us' },
        ownerReferences: [{ kind: 'Experiment', name: 'trial', controller: true }],
      },
      spec: {
        args: [
          { name: 'hash', value: hash },
          { name: 'rs', value: 'trial-two' },
        ],
        metrics: [{ name: 'ok' }],
      },
    });
    expect(status('trial')).toMatchObject({
      phase: 'Running',
      analysisRuns: [
        { name: 'needed', analysisRun: 'trial-needed' },
        { name: 'beside', analysisRun: 'trial-beside' },
      ],
    });
  });

  it('end it well once those that it needs have succeeded, whatever else goes on', async () => {
    // The peer waits for the others, ends them, and never learns that they are over.
    const { pass, say, run, status, sizes } = open();
    await pass(20 * secondMs);
    say('trial-needed', 'Successful');
    await pass(10 * secondMs);
    expect(status('trial')).toMatchObject({
      ...{ phase: 'Successful', message: 'Required AnalysisRuns completed' },
      analysisRuns: [{ phase: 'Successful' }, { name: 'beside' }],
    });
    expect(run('trial-beside').spec?.terminate).toBe(true);
    expect(sizes()).toEqual({ 'trial-one': '0/0', 'trial-two': '0/0' });
    say('trial-beside', 'Successful', 'Run Terminated');
    await pass(10 * secondMs);
    expect(status('trial').analysisRuns?.[1]).toEqual({
      ...{ name: 'beside', analysisRun: 'trial-beside' },
      ...{ phase: 'Successful', message: 'Run Terminated' },
    });
  });

  it('end it badly where one of them fails, and the others with it', async () => {
    const { pass, say, run, status, events } = open();
    await pass(20 * secondMs);
    say('trial-beside', 'Failed', 'too few');
    await pass(10 * secondMs);
    expect(status('trial')).toMatchObject({ phase: 'Failed', message: 'too few' });
    expect(run('trial-needed').spec?.terminate).toBe(true);
    expect(events()).toContain(
      "AnalysisRunFailed: AnalysisRun 'beside' transitioned from Pending -> Failed: too few",
    );
  });

  it('are waited for by an Experiment whose time is up, where it needs them', async () => {
    const { pass, say, status } = open({ duration: '5s' });
    await pass(30 * secondMs);
    expect(status('trial').phase).toBe('Running');
    say('trial-needed', 'Successful');
    await pass(10 * secondMs);
    expect(status('trial').phase).toBe('Successful');
  });

  it('make it an Error where their template is missing', async () => {
    const { pass, status } = open({ analyses: [{ name: 'needed', templateName: 'none' }] });
    await pass(20 * secondMs);
    const { phase, message } = status('trial');
    expect(phase).toBe('Error');
    expect(message).toMatch(/^AnalysisTemplate verification failed for analysis 'needed': .*none/);
  });

  it('are made once, also where the process ends before the status names them', async () => {
    const { pass, runs, status, cluster, read, say } = open();
    await pass(20 * secondMs);
    say('trial-needed', 'Running');
    await pass(5 * secondMs);
    const { analysisRuns: _, ...lost } = status('trial');
    const { uid: __, resourceVersion: ___, ...metadata } = read('trial').metadata ?? {};
    cluster.apply('Experiment', {
      ...read('trial'),
      metadata,
      status: { ...lost, analysisRuns: [] },
    });
    await pass(20 * secondMs);
    expect(runs()).toEqual(['trial-beside', 'trial-needed']);
    expect(status('trial').analysisRuns).toMatchObject([
      { analysisRun: 'trial-needed', phase: 'Running' },
      { analysisRun: 'trial-beside' },
    ]);
  });

  it('get another name where theirs is taken', async () => {
    const { cluster, pass, runs, status } = open();
    cluster.apply('AnalysisRun', {
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun' },
      metadata: { name: 'trial-needed', namespace },
      spec: { metrics: [metric] },
    });
    await pass(20 * secondMs);
    expect(runs()).toEqual(['trial-beside', 'trial-needed', 'trial-needed.1']);
    expect(status('trial').analysisRuns?.[0]?.analysisRun).toBe('trial-needed.1');
  });
});
