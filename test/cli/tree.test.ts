import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rolloutTree } from '../../cli/tree.ts';
import type {
  AnalysisRunView,
  PodView,
  ReplicaSetView,
  RolloutView,
} from '../../lib/model/view.ts';
import { humanAge } from '../../lib/view/words.ts';

const second = 1000;
const now = Date.parse('2026-01-31T12:00:00Z');

function pod(name: string, changes: Partial<PodView> = {}): PodView {
  return {
    name,
    status: 'Running',
    createdAt: now - 60 * second,
    ready: '1/1',
    restarts: 0,
    ...changes,
  };
}

function replicaSet(name: string, changes: Partial<ReplicaSetView> = {}): ReplicaSetView {
  return {
    name,
    podHash: name.replace(/.*-/, ''),
    status: 'Healthy',
    createdAt: now - 60 * second,
    images: [],
    desired: 1,
    current: 1,
    available: 1,
    roles: [],
    ...changes,
  };
}

function view(changes: Partial<RolloutView> = {}): RolloutView {
  return {
    cluster: 'local',
    namespace: 'default',
    name: 'front-api',
    uid: 'u',
    resourceVersion: '1',
    generation: 2,
    observedAt: now,
    createdAt: now - 17 * 60 * second,
    phase: 'Paused',
    message: 'CanaryPauseStep',
    strategy: 'Canary',
    step: { index: 1, count: 2 },
    setWeight: 1,
    actualWeight: 50,
    images: [
      { image: 'front-api:new-tag', tags: ['canary'] },
      { image: 'front-api:old-tag', tags: ['stable'] },
    ],
    replicas: { desired: 2, current: 2, updated: 1, ready: 2, available: 2 },
    revisions: [],
    revision: 2,
    podHash: '68f7d86788',
    stableHash: '57bd7bbbdb',
    pauseStart: null,
    paused: false,
    aborted: false,
    reasons: [],
    wake: { waitsFor: 'a change' },
    ...changes,
  };
}

const released = view({
  revisions: [
    {
      revision: 2,
      replicaSets: [
        replicaSet('front-api-68f7d86788', {
          createdAt: now - 495 * second,
          roles: ['canary'],
          pods: [pod('front-api-68f7d86788-g742f', { createdAt: now - 495 * second })],
        }),
      ],
    },
    {
      revision: 1,
      replicaSets: [
        replicaSet('front-api-57bd7bbbdb', {
          createdAt: now - 17 * 60 * second,
          roles: ['stable'],
          pods: [
            pod('front-api-57bd7bbbdb-aaaaa', { restarts: 3 }),
            pod('front-api-57bd7bbbdb-bbbbb', { status: 'ErrImagePull', ready: '0/1' }),
          ],
        }),
      ],
    },
  ],
});

describe('the tree', () => {
  it('has the layout people are used to', () => {
    expect(`${rolloutTree(released, now)}\n`).toBe(`\
Name:            front-api
Namespace:       default
Status:          ॥ Paused
Message:         CanaryPauseStep
Strategy:        Canary
  Step:          1/2
  SetWeight:     1
  ActualWeight:  50
Images:          front-api:new-tag (canary)
                 front-api:old-tag (stable)
Replicas:
  Desired:       2
  Current:       2
  Updated:       1
  Ready:         2
  Available:     2

NAME                                   KIND        STATUS          AGE    INFO
⟳ front-api                            Rollout     ॥ Paused        17m
├──# revision:2
│  └──⧉ front-api-68f7d86788           ReplicaSet  ✔ Healthy       8m15s  canary
│     └──□ front-api-68f7d86788-g742f  Pod         ✔ Running       8m15s  ready:1/1
└──# revision:1
   └──⧉ front-api-57bd7bbbdb           ReplicaSet  ✔ Healthy       17m    stable
      ├──□ front-api-57bd7bbbdb-aaaaa  Pod         ✔ Running       60s    ready:1/1,restarts:3
      └──□ front-api-57bd7bbbdb-bbbbb  Pod         ⚠ ErrImagePull  60s    ready:0/1
`);
  });

  it('keeps its columns with colours', () => {
    const coloured = rolloutTree(released, now, true);
    expect(coloured).toContain('\u001B[32m✔\u001B[39m Healthy');
    expect(coloured).toContain('\u001B[33mcanary\u001B[39m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of
    expect(coloured.replace(/\u001B\[\d+m/g, '')).toBe(rolloutTree(released, now));
  });

  it('says how long a scale-down is still held off', () => {
    const held = (deadline: string) =>
      rolloutTree(
        view({
          strategy: 'BlueGreen',
          revisions: [
            {
              revision: 1,
              replicaSets: [
                replicaSet('a', { roles: ['stable', 'active'], scaleDownDeadline: deadline }),
              ],
            },
          ],
        }),
        now,
      );
    expect(held('2026-01-31T12:00:30Z')).toMatch(/ stable,active,delay:30s$/);
    expect(held('2026-01-31T11:59:59Z')).toMatch(/ stable,active,delay:passed$/);
    expect(held('2026-01-31T11:59:59Z')).not.toMatch(/Step:|Weight:/);
  });

  it('does not let a message move the cursor', () => {
    const text = rolloutTree(view({ message: 'bad\u001B[2J\r\nNAME: \u0007x' }), now);
    expect(text).toContain('Message:         bad NAME: x\n');
  });
});

// What the peer's plugin printed, names and ages masked, columns parted by ` | `: see the README there.
const recordings = 'test/recordings';
const age = '<age>';

function masked(text: string): string[] {
  return text.split('\n').map((line) =>
    line
      .replace(/^[│├└─ ]*□/, '·□')
      .replace(/ {2,}/g, ' | ')
      .replaceAll('60s', age)
      .replace('delay:30s', 'delay:<time>'),
  );
}

/** Reads the picture back: what a view must hold to give it. */
function viewOf(lines: string[]): RolloutView {
  const field = (name: string) =>
    lines.find((line) => line.includes(`${name}:`))?.split(`${name}: | `)[1] ?? '';
  const phase = field('Status').slice(2);
  const [index, count] = field('Step').split('/').map(Number);
  const start = lines.findIndex((line) => line.startsWith('Images:'));
  const images = (start < 0 ? [] : lines.slice(start, lines.indexOf('Replicas:'))).map((line) => {
    const [, image = '', tags] = /\| (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    return { image, tags: tags?.split(', ') ?? [] };
  });
  const revisions: RolloutView['revisions'] = [];
  for (const line of lines) {
    const [name = '', kind, status = '', , info = ''] = line.replace(/^[ │]*\| /, '').split(' | ');
    const revision = /# revision:(\d+)/.exec(line)?.[1];
    if (revision !== undefined) revisions.push({ revision: Number(revision), replicaSets: [] });
    if (kind === 'ReplicaSet') {
      const roles = info.split(',').filter((word) => word !== '' && !word.startsWith('delay:'));
      revisions.at(-1)?.replicaSets.push(
        replicaSet(name.replace(/.*⧉ /, ''), {
          status: status.slice(2) as ReplicaSetView['status'],
          roles: roles as ReplicaSetView['roles'],
          ...(info.includes('delay:') ? { scaleDownDeadline: '2026-01-31T12:00:30Z' } : {}),
          pods: [],
        }),
      );
    }
    if (kind === 'AnalysisRun') {
      const last = revisions.at(-1);
      if (last) last.analysisRuns = [...(last.analysisRuns ?? []), runOf(name, status, info)];
    }
    if (kind === 'Job') {
      const run = revisions.at(-1)?.analysisRuns?.at(-1);
      const job = { name: name.replace(/.*⊞ /, ''), status: status.slice(2) };
      if (run) run.jobs = [...(run.jobs ?? []), { ...job, createdAt: now - 60 * second }];
    }
    if (kind === 'Pod') {
      const seen = status.slice(2).replace('<no image>', 'ImagePullBackOff');
      const ready = info.replace('ready:', '');
      revisions
        .at(-1)
        ?.replicaSets.at(-1)
        ?.pods?.push(pod(name.replace('·□ ', ''), { status: seen, ready }));
    }
  }
  const { step: _, ...blank } = view();
  const hasSteps = index !== undefined && count !== undefined;
  return {
    ...blank,
    name: field('Name'),
    namespace: field('Namespace'),
    phase,
    message: field('Message'),
    strategy: field('Strategy') as RolloutView['strategy'],
    ...(hasSteps ? { step: { index, count } } : {}),
    setWeight: Number(field('SetWeight')),
    actualWeight: Number(field('ActualWeight')),
    images,
    replicas: {
      desired: Number(field('Desired')),
      current: Number(field('Current')),
      updated: Number(field('Updated')),
      ready: Number(field('Ready')),
      available: Number(field('Available')),
    },
    createdAt: now - 60 * second,
    revisions,
  };
}

function runOf(name: string, status: string, info: string): AnalysisRunView {
  const count = (icon: string) => Number(new RegExp(`${icon} (\\d+)`).exec(info)?.[1] ?? 0);
  return {
    ...{ name: name.replace(/.*α /, ''), type: '', message: '', status: status.slice(2) },
    createdAt: now - 60 * second,
    ...{ successful: count('✔'), failed: count('✖') },
    ...{ inconclusive: count('\\?'), error: count('⚠') },
  };
}

describe('analysis runs', () => {
  it('stand after the ReplicaSets of their revision, with what they have counted and their Jobs', () => {
    const counts = { successful: 0, failed: 0, inconclusive: 0, error: 0 };
    const run = { type: 'Step', message: '', createdAt: now - 5 * second, ...counts };
    const jobs = [{ name: 'job-1', status: 'Failed', createdAt: now - 4 * second }];
    const analysisRuns = [
      { ...run, name: 'web-1-2-0', status: 'Failed', successful: 2, failed: 1, jobs },
      { ...run, name: 'web-1-2-1', status: 'Inconclusive', inconclusive: 1, error: 3 },
      { ...run, name: 'web-1-2', status: '' },
    ];
    const revisions = [{ revision: 2, replicaSets: [replicaSet('web-1')], analysisRuns }];
    const rows = rolloutTree(view({ revisions }), now).split('\n').slice(-6);
    expect(rows.map((row) => row.trimEnd().replaceAll(/ {2,}/g, ' | '))).toEqual([
      '└──# revision:2',
      ' | ├──⧉ web-1 | ReplicaSet | ✔ Healthy | 60s',
      ' | ├──α web-1-2-0 | AnalysisRun | ✖ Failed | 5s | ✔ 2,✖ 1',
      ' | │ | └──⊞ job-1 | Job | ✖ Failed | 4s',
      ' | ├──α web-1-2-1 | AnalysisRun | ? Inconclusive | 5s | ? 1,⚠ 3',
      ' | └──α web-1-2 | AnalysisRun | 5s',
    ]);
  });
});

describe('as the peer prints it', () => {
  const files = readdirSync(recordings).filter((file) =>
    /^(?!run-|experiment-).*\.json$/.test(file),
  );
  it.each(files)('%s', (file) => {
    const { observations } = JSON.parse(readFileSync(`${recordings}/${file}`, 'utf8')) as {
      observations: { get?: string[] }[];
    };
    // Of a Rollout that is gone there is an error.
    const isTree = (get: string[] | undefined) => get?.[0]?.startsWith('Name:');
    const pictures = observations.flatMap(({ get }) => (get && isTree(get) ? [get] : []));
    expect(pictures.length).toBeGreaterThan(0);
    for (const picture of pictures) {
      const ours = masked(rolloutTree(viewOf(picture), now)).map((line) =>
        line.replace('ImagePullBackOff', '<no image>'),
      );
      expect(ours).toEqual(picture);
    }
  });
});

describe('ages', () => {
  it.each([
    [-5, '<invalid>'],
    [-1, '0s'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [495, '8m15s'],
    [17 * 60 + 3, '17m'],
    [179 * 60, '179m'],
    [3 * 3600, '3h'],
    [7 * 3600 + 60, '7h1m'],
    [47 * 3600, '47h'],
    [49 * 3600, '2d1h'],
    [8 * 86_400, '8d'],
    [800 * 86_400, '2y70d'],
    [9 * 365 * 86_400, '9y'],
  ])('%i s is %s', (seconds, text) => {
    expect(humanAge(seconds * second)).toBe(text);
  });
});
