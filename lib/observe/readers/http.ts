import type { HttpAnswer } from '../../model/httpRequest.ts';
import type { HttpRead } from '../../model/reads.ts';
import type { Sources } from '../ask.ts';

export async function readHttp(
  { http, endsAt }: Pick<Sources, 'http' | 'endsAt'>,
  read: HttpRead,
): Promise<HttpAnswer> {
  const send = await http();
  return await send(read, endsAt);
}
