import { MissingRight, Terminal } from '../errors.ts';
import { type HttpAnswer, serviceText } from '../model/httpRequest.ts';
import type { ServiceProxy } from '../world.ts';
import { statusMessage } from './answers.ts';
import { isName } from './paths.ts';
import type { Pass } from './transport.ts';

// https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services
// The API server takes what says who the caller is for itself, so that none of it reaches the Service.

/**
 * What the API server acts on. Whoever writes a manifest would otherwise have it take our request for that of
 * somebody else, or write another place of origin into its audit log.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication
 */
const forApiServer = new RegExp(
  '^(?:authorization|cookie|host|connection|forwarded|x-real-ip)$|' +
    '^(?:impersonate|proxy|x-forwarded|x-remote)-',
);

/** Requests to Services by way of the API server, which is as far as its network goes. */
export function serviceProxy(pass: Pass): ServiceProxy {
  return async (address, { method, path, headers, body }, signal) => {
    const { namespace, name, port, scheme } = address;
    const where = serviceText(address);
    if (![namespace, name].every(isName) || !/^[a-z\d-]+$/.test(port)) {
      throw new Terminal(`${where} is no Service's address`);
    }
    const own = Object.keys(headers).find((each) => forApiServer.test(spelled(each)));
    if (own !== undefined) {
      throw new Terminal(
        `${where} is reached through the API server, which hands no ${named(own)} header on: ` +
          'use a server that needs none there, or an address outside of the cluster',
      );
    }
    // Read in one way by whoever checks it and in another by whoever follows it.
    if (/(?:\.|%2e){2}|%2f|\\|%5c/i.test(path.replace(/\?.*/s, ''))) {
      throw new Terminal(`${where}: ${path} climbs out of its folder`);
    }
    const prefix = scheme === 'https' ? 'https:' : '';
    const at = `/api/v1/namespaces/${namespace}/services/${prefix}${name}:${port}/proxy`;
    const request = { method, path: `${at}${path}`, headers, ...(body !== undefined && { body }) };
    const answer = await pass(request, signal);
    const said = apiServerSays(answer);
    if (said === undefined) return answer;
    const text = `${where} through the API server: ${answer.status} ${said}`;
    if (answer.status !== 403) throw new Terminal(text);
    throw new MissingRight(
      text,
      `add ${namespace}/${name}:${port} to the chart's value metrics.services`,
    );
  };
}

/** What is in between may take one spelling for the other. */
function spelled(header: string): string {
  return header.toLowerCase().replaceAll('_', '-');
}

function named(header: string): string {
  return header.replaceAll(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
}

/** What the API server says by itself, where it did not reach the Service. */
function apiServerSays({ status, headers, body }: HttpAnswer): string | undefined {
  if (status < 400) return undefined;
  // https://github.com/kubernetes/apimachinery pkg/util/proxy: it answers so in plain text or as a Status.
  const plain = /^(?:Error trying to reach service: |error trying to reach service: )(.*)/s.exec(
    body,
  );
  if (plain) return body.trim();
  return statusMessage({ headers, body });
}
