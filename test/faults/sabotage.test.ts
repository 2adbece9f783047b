import { describe, expect, it } from 'vitest';
import { planted } from './plant.ts';
import { sabotages } from './sabotage.ts';

describe('planted bugs', () => {
  it.each(sabotages)('have their place in the source: $name', (bug) => {
    expect(planted(bug)).toContain(bug.replace);
  });
});
