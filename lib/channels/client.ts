import { Terminal } from '../errors.ts';
import { httpClient } from '../http/client.ts';
import type { Policy } from '../http/reach.ts';
import type { Clock, Http } from '../world.ts';

export type ClientOptions = {
  /** Networks of one's own that this process may reach without their being named. */
  openZones: Policy['openZones'];
  clock: Pick<Clock, 'now'>;
  userAgent: string;
};

/** Requests to receivers of messages. `hosts`: those that an administrator named. */
export function messageClient(
  { openZones, userAgent, clock }: ClientOptions,
  hosts: readonly string[] = [],
): Http {
  return httpClient({
    policy: { openZones, hosts, remedy: 'messages go to public addresses and to webhook.url' },
    service: async () => {
      throw new Terminal(
        'messages do not go to Services of a cluster: give the address of a server',
      );
    },
    credentialsFor: async () => {
      throw new Terminal('messages are not signed as requests to AWS are');
    },
    userAgent,
    now: clock.now,
  });
}
