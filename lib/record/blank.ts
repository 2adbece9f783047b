import type { RolloutKey } from '../model/key.ts';
import type { RolloutRecord } from '../model/record.ts';

export function blankRecord(key: RolloutKey): RolloutRecord {
  return { key, version: 0, intents: [], polls: 0 };
}
