import { type Kind, kindNames, rowOf } from '../../lib/model/kinds.ts';
import type { RestAnswer } from '../../lib/simulate/apiServer/rest/answers.ts';
import type { RestApi } from '../../lib/simulate/apiServer/rest/api.ts';

/** Which versions of some kinds a cluster serves; all else is as the simulation has it. */
export type Versions = Partial<Record<Kind, string[]>>;

const noSuchPage: RestAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain' },
  body: '404 page not found\n',
};

/** The API server of a cluster that serves other versions of what routers define. `asked`: each path. */
export function servingVersions(api: RestApi, served: Versions, asked: string[] = []): RestApi {
  return async (request) => {
    const { method, path, body } = request;
    asked.push(`${method} ${path}`);
    const [, , group = '', version = '', ...rest] = path.split('/');
    const kinds = kindNames.filter((kind) => served[kind] && rowOf(kind).group === group);
    if (kinds.length === 0) return await api(request);
    const isServed = (kind: Kind) => served[kind]?.includes(version) ?? false;
    if (rest.length === 0) return listed(kinds.filter(isServed));
    const plural = rest[0] === 'namespaces' && rest.length > 2 ? rest[2] : rest[0];
    const kind = kinds.find((each) => rowOf(each).plural === plural);
    if (!kind) return await api(request);
    if (!isServed(kind)) return noSuchPage;
    if (method === 'POST' && JSON.parse(body).apiVersion !== `${group}/${version}`) {
      return { ...noSuchPage, status: 400, body: 'the API version in the data does not match' };
    }
    const kept = `${group}/${rowOf(kind).versions[0]}`;
    const answer = await api({ ...request, path: path.replace(`${group}/${version}`, kept) });
    const inVersion = (text: string) => text.replaceAll(`"${kept}"`, `"${group}/${version}"`);
    if ('body' in answer) return { ...answer, body: inVersion(answer.body) };
    return {
      ...answer,
      open: (sink) => answer.open({ ...sink, send: (line) => sink.send(inVersion(line)) }),
    };
  };
}

function listed(kinds: Kind[]): RestAnswer {
  if (kinds.length === 0) return noSuchPage;
  const resources = kinds.map((kind) => ({ name: rowOf(kind).plural }));
  const headers = { 'content-type': 'application/json' };
  return { status: 200, headers, body: JSON.stringify({ kind: 'APIResourceList', resources }) };
}
