import type { Command } from '../../lib/model/intent.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import type { Random } from '../../lib/simulate/random.ts';
import type { Act, Deed } from './scenario.ts';

// What hardly ever comes together by chance, and belongs together: told in some of the runs, most of it
// where the rollout takes its template from a Deployment.

type Story = (random: Random) => [afterMs: number, deed: Deed][];

const templates = ['web:v2', 'web:v3', 'web:v4'] as const;
const someMs = (random: Random, most: number): number => random.below(most * secondMs);

/** A command for a template that is nowhere. */
const missing: Story = (random) => [
  [0, { do: 'workload', how: 'delete', replicas: 0 }],
  [
    secondMs + someMs(random, 8),
    {
      do: 'api',
      command: random.chance(0.7)
        ? { verb: 'undo' }
        : { verb: 'image', container: 'web', image: random.pick([...templates]) },
      dies: random.chance(0.2),
      fresh: true,
    },
  ],
  [30 * secondMs, { do: 'workload', how: 'restore', replicas: random.below(9) }],
];

/** A release whose status is wiped, and a Deployment that is scaled up again before its end. */
const wiped: Story = (random) => [
  [0, { do: 'image', image: random.pick([...templates]) }],
  [2 * secondMs + someMs(random, 8), { do: 'wipe' }],
  [
    12 * secondMs + someMs(random, 6),
    { do: 'workload', how: 'scale', replicas: 1 + random.below(8) },
  ],
];

/** A status and a stable version that are both lost. */
const lost: Story = (random) => {
  const at = 2 * secondMs + someMs(random, 6);
  return [
    [0, { do: 'image', image: 'web:v2' }],
    [at, { do: 'wipe' }],
    [at + 1, { do: 'image', image: 'web:v3' }],
    [at + someMs(random, 12), { do: 'deleteSet', role: 'stable' }],
  ];
};

/** The way back to the Deployment, and to the rollout again. */
const wayBack: Story = (random) => {
  const deploymentAt = someMs(random, 20);
  const more: [number, Deed][] = random.chance(0.5)
    ? [[25 * secondMs, { do: 'image', image: random.pick([...templates]) }]]
    : [];
  const abort: [number, Deed][] = random.chance(0.2)
    ? [[35 * secondMs, { do: 'plugin', line: 'abort' }]]
    : [];
  return [
    [deploymentAt, { do: 'workload', how: 'scale', replicas: 1 + random.below(4) }],
    [someMs(random, 20), { do: 'scale', replicas: 0 }],
    ...more,
    ...abort,
    ...(random.chance(0.7)
      ? ([[minuteMs + someMs(random, 20), { do: 'scale', replicas: 1 + random.below(6) }]] as const)
      : []),
  ] as [number, Deed][];
};

const stories = { missing, wiped, lost, wayBack };
type Name = keyof typeof stories;

/** A spec that becomes faulty, and is scaled while it is; some people go on as if nothing were wrong. */
export function breakIn(random: Random, acts: Act[]): void {
  if (!random.chance(0.25)) return;
  const start = random.below(lastOf(acts) + 1);
  const how = random.pick(['service', 'service', 'history', undefined] as const);
  const told: [afterMs: number, deed: Deed][] = [
    [someMs(random, 5), { do: 'break', ...(how && { how }) }],
    [5 * secondMs + someMs(random, 20), { do: 'scale', replicas: random.below(9) }],
  ];
  if (random.chance(0.6)) told.push([0, { do: 'image', image: random.pick([...templates]) }]);
  if (random.chance(0.5)) told.push([someMs(random, 30), { do: 'plugin', line: 'promote' }]);
  if (random.chance(0.3)) told.push([40 * secondMs + someMs(random, 30), { do: 'mend' }]);
  tell(acts, start, told);
}

const byApi = (command: Command): Deed => ({ do: 'api', command, dies: false, fresh: true });
const promote = (how: object = {}): Deed => byApi({ verb: 'promote', ...how });

/** A release that somebody lets go on, by whatever means there are, or whose steps are changed meanwhile. */
export function promoteIn(random: Random, acts: Act[], isBlueGreen: boolean): void {
  if (!random.chance(0.35)) return;
  const deeds: [Deed[], ...Deed[][]] = [
    [promote({ full: true })],
    [promote({ skipAllSteps: true })],
    [promote({ skipCurrentStep: true }), promote({ skipAllSteps: true })],
    [byApi({ verb: 'pause' }), promote(), promote()],
    [byApi({ verb: 'abort' }), promote({ full: true })],
    [{ do: 'plugin', line: 'promote' }, promote({ full: true })],
  ];
  const duration = random.pick([5, 20, 600]);
  const steps = [{ setWeight: 10 + random.below(90) }, { pause: { duration } }];
  if (!isBlueGreen) deeds.push([{ do: 'steps', steps }], [{ do: 'steps', steps }, promote()]);
  const spanMs = 8 * secondMs + someMs(random, 12);
  const image: Deed = { do: 'image', image: random.pick([...templates]) };
  const told = [image, ...random.pick(deeds)];
  tell(
    acts,
    random.below(lastOf(acts) + 1),
    told.map((deed, index) => [index * spanMs, deed]),
  );
}

/** Puts a story among the acts, or none; answers which. */
export function tellStory(random: Random, acts: Act[]): Name | undefined {
  if (!random.chance(0.7)) return undefined;
  const name = random.pick(['missing', 'wiped', 'lost', 'wayBack', 'wayBack'] as const);
  const start = random.below(lastOf(acts) + 1);
  tell(acts, start, stories[name](random));
  return name;
}

function tell(acts: Act[], start: Millis, told: ReturnType<Story>): void {
  add(acts, ...told.map(([afterMs, deed]) => ({ at: start + afterMs, ...deed })));
}

/** Puts them in their place among the others, behind those of the same time. */
export function add(acts: Act[], ...more: Act[]): void {
  acts.push(...more);
  acts.sort((a, b) => a.at - b.at);
}

/** When the last of them is done. */
export function lastOf(acts: Act[]): Millis {
  return acts.at(-1)?.at ?? 0;
}
