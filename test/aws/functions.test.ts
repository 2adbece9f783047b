import { describe, expect, it } from 'vitest';
import { addFunction, withAws } from './stage.ts';

const aws = withAws();

describe('a bundle under the runtime interface', () => {
  it('sweep answers what it found', async () => {
    const sweep = await addFunction(aws(), { name: 'sweep' });
    const { payload, functionError } = await sweep.invoke({});
    expect(functionError, payload).toBeUndefined();
    expect(JSON.parse(payload)).toEqual({ found: 0, queued: 0, skipped: 0, failed: 0 });
  });

  it('reconcile says that a cluster is not registered', async () => {
    const reconcile = await addFunction(aws(), { name: 'reconcile' });
    const key = { cluster: 'nowhere', namespace: 'shop', name: 'front-api' };
    const { payload, functionError } = await reconcile.invoke({ key });
    expect(functionError).toBe('Unhandled');
    expect(JSON.parse(payload)).toMatchObject({
      errorType: 'NotFound',
      errorMessage: 'no cluster is registered as nowhere',
    });
  });
});
