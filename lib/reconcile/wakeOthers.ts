import { type Key, keyText } from '../model/key.ts';
import { refOf, type Write } from '../model/plan.ts';
import { ownKey } from '../queue/keys.ts';
import type { Run, Seen } from './run.ts';

/**
 * No notice tells of Serin's own writes: those with turns of their own that they were made to are woken here,
 * and whom the controller names besides. One that is not woken is due within a minute.
 */
export async function wakeOthers({ world, key, controller }: Run, seen: Seen): Promise<void> {
  const { observed, plan } = seen;
  const written = plan.writes.flatMap((write) => targetKey(write, key.cluster) ?? []);
  const all = [...written, ...(controller.wakes?.(observed, plan) ?? [])];
  const others = new Map(all.map((each) => [keyText(each), each]));
  others.delete(keyText(key));
  await Promise.all(
    [...others.values()].map(async (other) => {
      await world.wakes.send({ key: other }, 0).catch((error: unknown) => {
        world.log('warn', 'a wake could not be sent', { ...other, error: String(error) });
      });
    }),
  );
}

function targetKey(write: Write, cluster: string): Key | undefined {
  const ref = write.do === 'create' ? refOf(write.kind, write.object) : write.ref;
  return ownKey(cluster, { metadata: ref }, ref.kind);
}
