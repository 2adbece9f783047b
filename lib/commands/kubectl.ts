import type { Command } from '../model/intent.ts';
import type { RolloutKey } from '../model/key.ts';
import { termsOf } from './verbs.ts';

/** The kubectl command that does the same, for when Serin cannot. */
export function kubectlFor(command: Command | 'get', { name, namespace }: RolloutKey): string {
  const on = `${word(name)} -n ${word(namespace)}`;
  const plugin = 'kubectl argo rollouts';
  if (command === 'get') return `${plugin} get rollout ${on}`;
  const same = termsOf(command).kubectl(command);
  if ('plugin' in same) {
    return [`${plugin} ${same.plugin} ${on}`, ...(same.args ?? []).map(word)].join(' ');
  }
  const patch = word(JSON.stringify({ spec: same.spec }));
  return `kubectl patch rollouts.argoproj.io ${on} --type merge -p ${patch}`;
}

/** A word for a shell: whoever pastes the line must get that word and nothing else. */
function word(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
