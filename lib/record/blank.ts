import type { Key } from '../model/key.ts';
import type { RecordOf } from '../model/record.ts';

export function blankRecord<K extends Key>(key: K): RecordOf<K> {
  return { key, version: 0, intents: [], polls: 0 } as unknown as RecordOf<K>;
}
