import { refusal, type Subject } from '../kubernetes/answers.ts';
import { pathOf } from '../kubernetes/paths.ts';
import { type Credentials, transport } from '../kubernetes/transport.ts';

const timeoutMs = 10_000;

/**
 * The names of the CustomResourceDefinitions of a group's version that the cluster serves, as discovery
 * tells everybody who is signed in.
 */
export async function servedDefinitions(
  apiVersion: string,
  { userAgent, ...credentials }: Credentials & { userAgent: string },
): Promise<string[]> {
  const { send } = transport(credentials, { userAgent, timeoutMs });
  const subject: Subject = { verb: 'list', kind: 'CustomResourceDefinition', namespace: '' };
  const { status, body } = await send({ subject, path: `/apis/${apiVersion}` });
  if (status === 404) return [];
  if (status >= 300) throw refusal(subject, status, body);
  const { resources = [] } = body as { resources?: { name: string }[] };
  return resources.map(({ name }) => `${name}.${apiVersion.split('/')[0]}`);
}

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
