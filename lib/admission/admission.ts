import { type Millis, secondMs } from '../model/units.ts';
import { authenticateCluster, type Entry } from './authenticateCluster.ts';
import { changeNotice, isOwn } from './changeNotice.ts';
import { type Enqueuing, enqueuer } from './enqueue.ts';
import { type Admission, readReview, type Verdict, writeReview } from './review.ts';
import { validateAdmission } from './validate.ts';

/** kube-apiserver waits for two seconds, and whoever writes waits with it. */
const answerWithinMs: Millis = 1.5 * secondMs;
/** A large Rollout, before and after, with room to spare. */
const bodyBytesMax = 1024 * 1024;
const pathForm = /^\/v1\/doorbell\/([^/]{1,100})\/([^/]{1,200})$/;

export type DoorbellRequest = { method: string; path: string; body: Uint8Array };
export type DoorbellAnswer = { status: number; body: string };

/** To whoever does not know a secret there is nothing here. */
const nothing: DoorbellAnswer = { status: 404, body: '' };
const passed: Verdict = { warnings: [] };

/**
 * The admission webhook: takes notice of a write that is about to be made, wakes the rollouts it may
 * concern, and lets it pass, whatever fails; see verdict.ts for what it says of it.
 */
export function doorbell(world: Enqueuing): (request: DoorbellRequest) => Promise<DoorbellAnswer> {
  const admit = authenticateCluster(world);
  const enqueue = enqueuer(world);

  const take = async (request: DoorbellRequest, by: Promise<void>): Promise<DoorbellAnswer> => {
    const [, name, secret] = pathForm.exec(request.path) ?? [];
    const cluster = name === undefined ? undefined : decoded(name);
    if (request.method !== 'POST' || cluster === undefined || !secret) return nothing;
    const late = by.then(() => 'unreadable' as const);
    const entry = await Promise.race([admit(cluster, secret), late]);
    if (entry === undefined) return nothing;
    if (request.body.byteLength > bodyBytesMax) {
      return { status: 413, body: `the body is larger than ${bodyBytesMax} bytes` };
    }
    const admission = readReview(request.body);
    if ('fault' in admission) return { status: 400, body: admission.fault };
    if (entry === 'unreadable') return { status: 200, body: writeReview(admission.uid, passed) };
    const said = judge(admission, entry);
    const isOver = said.denied !== undefined || admission.dryRun || isOwn(admission);
    if (!isOver) await Promise.race([tell(cluster, admission).catch(failed), by]);
    return { status: 200, body: writeReview(admission.uid, said) };
  };
  const tell = async (cluster: string, admission: Admission): Promise<void> => {
    const notice = changeNotice(admission, { cluster, instanceId: world.instanceId });
    const { uid: id, userInfo } = admission;
    if (notice) await enqueue({ cluster, id, user: userInfo.username, notice });
  };
  const failed = (error: unknown): void => {
    world.log('error', 'a notice could not be taken', { error: String(error) });
  };
  const judge = (admission: Admission, { doorbell: { enforce = false }, isFresh }: Entry) => {
    if (isOwn(admission)) return passed;
    try {
      return validateAdmission(admission, { enforce: enforce && isFresh });
    } catch (error) {
      failed(error);
      return passed;
    }
  };
  return async (request) => {
    let timer: NodeJS.Timeout | undefined;
    const by = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, answerWithinMs);
    });
    return await take(request, by).finally(() => clearTimeout(timer));
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
