import type { RolloutKey } from '../model/key.ts';
import { type RolloutRecord, recordSchema } from '../model/record.ts';

export function blankRecord(key: RolloutKey): RolloutRecord {
  return { schema: recordSchema, key, version: 0, intents: [], polls: 0 };
}
