import type { Caller } from '../model/caller.ts';

const arnForm =
  /^arn:(aws[\w-]*):(iam|sts)::(\d{12}):(?:(root)|(user|assumed-role|federated-user)\/(.+))$/;

/**
 * Who signed a request, of what API Gateway's AWS_IAM authorizer says. A role that was assumed is the
 * role, whose ARN policies name; whoever assumed it chose the session's name, which the ledger keeps.
 */
export function iamCaller(identity: unknown): Caller | undefined {
  const { userArn, accountId } = (identity ?? {}) as { userArn?: unknown; accountId?: unknown };
  if (typeof userArn !== 'string') return undefined;
  const [, partition, , account = '', root, kind, path = ''] = arnForm.exec(userArn) ?? [];
  if (account === '' || (accountId !== undefined && accountId !== account)) return undefined;
  if (root !== undefined || kind !== 'assumed-role') return caller(userArn, account, '');
  const [role, session = '', ...rest] = path.split('/');
  if (!role || session === '' || rest.length > 0) return undefined;
  return caller(`arn:${partition}:iam::${account}:role/${role}`, account, session);
}

function caller(arn: string, account: string, session: string): Caller {
  const name = session === '' ? arn : `${arn} session ${session}`;
  return {
    actor: { name, proof: 'verified' },
    principal: { kind: 'iam', id: arn, groups: [], claims: { account, session } },
  };
}
