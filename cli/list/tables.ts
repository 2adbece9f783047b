import type { FleetRow } from '../../lib/model/fleet.ts';
import type { Millis } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { humanAge } from '../../lib/view/words.ts';
import { markedIn, markWords } from '../marks.ts';
import { phaseText } from '../tree.ts';

type Form = { isWide: boolean; colour: boolean };

export function rolloutTable(
  views: RolloutView[],
  { now, isWide, colour }: Form & { now: Millis },
): string[][] {
  const head = [
    ...['NAME', 'STRATEGY', 'STATUS', 'STEP', 'WEIGHT', 'READY', 'DESIRED', 'UPDATED', 'AGE'],
    ...(isWide ? wideHead : []),
  ];
  const rows = views.map((view) => [
    view.name,
    view.strategy,
    phaseText(view.phase, colour) + markOf(view),
    stepOf(view),
    String(view.setWeight ?? '-'),
    `${view.replicas.ready}/${view.replicas.current}`,
    String(view.replicas.desired),
    String(view.replicas.updated),
    humanAge(now - view.createdAt),
    ...(isWide
      ? wide({
          ...view,
          images: view.images.map(({ image }) => image),
          waitsFor: view.reasons[0]?.text,
        })
      : []),
  ]);
  return [head, ...rows];
}

/** As the list of the fleet has them: it knows less of each. */
export function fleetTable(rows: FleetRow[], { isWide, colour }: Form): string[][] {
  const head = [
    ...['NAMESPACE', 'NAME', 'STRATEGY', 'STATUS', 'STEP', 'WEIGHT', 'READY', 'DESIRED'],
    ...(isWide ? wideHead : []),
  ];
  const lines = rows.map((row) => [
    row.namespace,
    row.name,
    row.strategy,
    phaseText(row.phase, colour),
    stepOf(row),
    String(row.setWeight ?? '-'),
    String(row.pods.ready),
    String(row.pods.desired),
    ...(isWide ? wide({ ...row, images: [...row.images, ...(row.stableImages ?? [])] }) : []),
  ]);
  return [head, ...lines];
}

const wideHead = ['REVISION', 'IMAGES', 'WAITS FOR'];

type Wide = { revision: number; images: string[]; waitsFor?: string | null | undefined };

function wide({ revision, images, waitsFor }: Wide): string[] {
  return [String(revision), [...new Set(images)].join(',') || '-', waitsFor || '-'];
}

function stepOf({ step }: Pick<FleetRow, 'step'>): string {
  return step === undefined ? '-' : `${step.index}/${step.count}`;
}

function markOf(view: RolloutView): string {
  const marked = markedIn(view);
  return marked === undefined ? '' : `, ${markWords[marked.mark].toLowerCase()}`;
}
