import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { tableDefinition } from '../../lib/store/tableDefinition.ts';

it('the deployed table is the one that tests run on, and is kept safe', async () => {
  const { Resources } = parse(await readFile('infra/table.yml', 'utf8'));
  const { DeletionPolicy, Properties } = Resources.Table;
  expect(Properties).toMatchObject(tableDefinition(Properties.TableName));
  expect(Properties).toMatchObject({
    DeletionProtectionEnabled: true,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    SSESpecification: { SSEEnabled: true },
    TimeToLiveSpecification: { AttributeName: 'expiresAtSeconds', Enabled: true },
  });
  expect(DeletionPolicy).toBe('Retain');
});
