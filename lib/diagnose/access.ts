import { isRecord, refusal, type Subject } from '../kubernetes/answers.ts';
import { pathOf } from '../kubernetes/paths.ts';
import type { Transport } from '../kubernetes/transport.ts';
import { typeMetaOf } from '../model/kinds.ts';
import { controllerGroup } from './checkEks.ts';
import { type Right, rightText } from './rights.ts';

/** `isOwn`: the role itself asks; otherwise somebody who may ask on behalf of its group. */
export type Asking = { send: Transport['send']; isOwn: boolean };

/** The status of a review. */
export async function post(send: Transport['send'], kind: Subject['kind'], spec?: object) {
  const subject: Subject = { verb: 'create', kind, namespace: '' };
  const review = { ...typeMetaOf(kind), ...(spec && { spec }) };
  const { status, body } = await send({ subject, path: pathOf(kind, subject), body: review });
  if (status >= 300) throw refusal(subject, status, body);
  const answered = isRecord(body) ? body.status : undefined;
  return isRecord(answered) ? answered : {};
}

/** Those of the rights that Serin does not have, as texts. */
export async function missingRights(rights: Right[], { send, isOwn }: Asking): Promise<string[]> {
  const answers = await Promise.all(
    rights.map(async (right) => {
      const { verb, group, resource, subresource } = right;
      const resourceAttributes = { verb, group, resource, ...(subresource && { subresource }) };
      const { allowed } = isOwn
        ? await post(send, 'SelfSubjectAccessReview', { resourceAttributes })
        : await post(send, 'SubjectAccessReview', {
            ...{ user: 'serin', groups: [controllerGroup, 'system:authenticated'] },
            resourceAttributes,
          });
      return allowed === true ? [] : [rightText(right)];
    }),
  );
  return answers.flat();
}
