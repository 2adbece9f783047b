import { refusal, type Subject } from './answers.ts';
import { pathOf } from './resources.ts';
import { type Credentials, transport } from './transport.ts';

const timeoutMs = 10_000;

/** Which of the CustomResourceDefinitions the cluster has, whoever installed them. */
export async function installedDefinitions(
  names: string[],
  { userAgent, ...credentials }: Credentials & { userAgent: string },
): Promise<string[]> {
  const { send } = transport(credentials, { userAgent, timeoutMs });
  const installed: string[] = [];
  for (const name of names) {
    const subject: Subject = { verb: 'get', kind: 'CustomResourceDefinition', namespace: '', name };
    const { status, body } = await send({ subject, path: pathOf(subject.kind, subject) });
    if (status === 404) continue;
    if (status >= 300) throw refusal(subject, status, body);
    installed.push(name);
  }
  return installed;
}
