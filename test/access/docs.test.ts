import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCedar } from '../../lib/access/cedar.ts';
import { checkPolicies } from '../../lib/access/policies.ts';
import { parseSettings } from '../../lib/settings/parse.ts';

const page = readFileSync('docs/aws/access.md', 'utf8');
const blocks = [...page.matchAll(/^## (.+)\n(?:(?!^## )[\s\S])*?^```yaml\n([\s\S]*?)^```/gm)];

describe('docs/aws/access.md', () => {
  it('has an example of each way in', () => {
    expect(blocks.map(([, title]) => title)).toEqual([
      'GitHub Actions',
      'CircleCI',
      'Cognito, and any other OIDC issuer',
      'Signing in to the page',
      'IAM',
      'Serin tokens',
    ]);
  });

  it.each(blocks.map(([, title, text = '']) => [title, text] as const))(
    'the settings for %s are right',
    async (_title, text) => {
      const { settings, faults } = parseSettings(text);
      expect(faults).toEqual([]);
      expect(settings?.policies).toContain('permit');
      expect(checkPolicies(await loadCedar(), settings?.policies ?? '')).toEqual([]);
    },
  );

  it('leads with each example to refusal when what pins it is taken away', () => {
    for (const [, title, text = ''] of blocks.slice(0, 2)) {
      const loose = text.replace(/^ {4}claims:\n(?: {6}.*\n)*/m, '');
      expect(loose, title).not.toBe(text);
      expect(parseSettings(loose).faults[0]?.path, title).toBe('issuers[0].claims');
    }
  });
});
