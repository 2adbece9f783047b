import { useEffect, useState } from 'preact/hooks';
import type { Me } from '../../lib/api/answers.ts';
import { ask } from './client.ts';
import { onSession } from './session.ts';

let known: Promise<Me | undefined> | undefined;
onSession(() => {
  known = undefined;
});

/** Who the API takes them for; undefined where it does not say. Asked once for each sign-in. */
export function useMe(): Me | undefined {
  const [me, setMe] = useState<Me>();
  useEffect(() => {
    known ??= ask<Me>('/v1/me').then(
      ({ body }) => body,
      () => undefined,
    );
    void known.then(setMe);
  }, []);
  return me;
}
