import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { apiHandler } from '../../functions/api.ts';
import type { PageSignIn } from '../../lib/access/signIn.ts';
import { type ApiHandler, localGateway } from '../../server/gateway.ts';
import { besidePage } from '../../server/page.ts';
import { type makeApi, token } from '../api/support.ts';
import { startLine } from './line.ts';
import type { Served } from './stage.ts';

type Api = Pick<Awaited<ReturnType<typeof makeApi>>, 'deps'>;

/** An API over a table that the test has filled, beside the page. */
export async function serve({ deps }: Api, signIn?: () => Promise<PageSignIn>): Promise<Served> {
  const api = apiHandler(deps) as ApiHandler;
  const gateway = localGateway(await besidePage(api, ['127.0.0.1'], signIn), () => {});
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const line = await startLine(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    await line.close();
    gateway.closeAllConnections();
    gateway.close();
  });
  return { line, token };
}
