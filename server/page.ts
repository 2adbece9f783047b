import { pageHandler } from '../functions/page.ts';
import type { PageSignIn } from '../lib/access/signIn.ts';
import { ownVersion, packaged } from '../lib/packaged.ts';
import { isPagePath } from '../lib/web/answer.ts';
import { readPageFiles } from '../lib/web/files.ts';
import type { ApiHandler } from './gateway.ts';

/**
 * The page beside the API, as API Gateway's routes have it, for requests that name one of these hosts.
 * `signIn`: how people sign in; without it the token of this machine opens the API.
 */
export async function besidePage(
  api: ApiHandler,
  hosts: readonly string[],
  signIn: () => Promise<PageSignIn> = async () => ({}),
): Promise<ApiHandler> {
  const version = ownVersion();
  const files = readPageFiles(packaged('dist/page'));
  const config = async () => ({ version, ...(await signIn()) });
  const page = pageHandler({ files, config }) as ApiHandler;
  return (event, context) => {
    const isNamed = hosts.includes((event.headers.host ?? '').replace(/:\d+$/, ''));
    return isNamed && isPagePath(event.rawPath) ? page(event, context) : api(event, context);
  };
}
