import type { DeliveryRecord } from '../model/notification.ts';
import type { Store } from '../world.ts';
import type { Finding } from './finding.ts';

/** Messages of a week, of a cluster where much is released. */
const limit = 5000;

/** Whether people got what they were to be told about a cluster: one finding for each channel in trouble. */
export async function checkMessages(
  { deliveries }: Pick<Store, 'deliveries'>,
  cluster: string,
): Promise<Finding[]> {
  const { items } = await deliveries(cluster, { limit });
  if (items.length === 0) return [];
  const troubles = troublesOf(items);
  if (troubles.size === 0) {
    return [{ what: 'messages', state: 'good', text: 'every channel takes what it is sent' }];
  }
  return [...troubles].map(([channel, { open, failed, said }]) => ({
    what: 'messages',
    state: 'note',
    text: `${channel}: ${countsText(open, failed)}: ${said}`,
    todo: 'Put right the channel, or what it leads to: what waits is sent within half an hour.',
  }));
}

type Trouble = { open: number; failed: number; at: number; said: string };

function troublesOf(items: DeliveryRecord[]): Map<string, Trouble> {
  const troubles = new Map<string, Trouble>();
  for (const { channels, madeAt } of items) {
    for (const [name, { state, tries, said = '' }] of Object.entries(channels)) {
      const isOpen = state === 'open' && tries > 0;
      if (!isOpen && state !== 'failed') continue;
      const { open = 0, failed = 0, at = 0, said: last = '' } = troubles.get(name) ?? {};
      troubles.set(name, {
        open: open + (isOpen ? 1 : 0),
        failed: failed + (isOpen ? 0 : 1),
        ...(madeAt >= at ? { at: madeAt, said } : { at, said: last }),
      });
    }
  }
  return troubles;
}

function countsText(open: number, failed: number): string {
  const words = [
    ...(open > 0 ? [`${open} not taken yet`] : []),
    ...(failed > 0 ? [`${failed} given up`] : []),
  ];
  return words.join(', ');
}
