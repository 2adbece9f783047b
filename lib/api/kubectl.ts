import type { Command } from '../model/intent.ts';
import type { RolloutKey } from '../model/key.ts';

/** The kubectl command that does the same, for when Serin cannot. */
export function kubectlFor(command: Command | 'get', { name, namespace }: RolloutKey): string {
  const on = `${word(name)} -n ${word(namespace)}`;
  const plugin = 'kubectl argo rollouts';
  const patch = (spec: object) =>
    `kubectl patch rollouts.argoproj.io ${on} --type merge -p ${word(JSON.stringify({ spec }))}`;
  if (command === 'get') return `${plugin} get rollout ${on}`;
  switch (command.verb) {
    case 'promote':
      return [`${plugin} promote ${on}`, ...promoteFlags(command)].join(' ');
    case 'abort':
      return `${plugin} abort ${on}`;
    case 'retry':
      return `${plugin} retry rollout ${on}`;
    case 'pause':
      return `${plugin} pause ${on}`;
    case 'resume':
      // The plugin has no word for it: its promote would end a pause of the steps as well.
      return patch({ paused: false });
    case 'restart':
      return command.at === undefined
        ? `${plugin} restart ${on}`
        : patch({ restartAt: command.at });
    case 'undo': {
      const { toRevision } = command;
      return `${plugin} undo ${on}${toRevision === undefined ? '' : ` --to-revision=${toRevision}`}`;
    }
    case 'image':
      return `${plugin} set image ${on} ${word(`${command.container}=${command.image}`)}`;
  }
}

function promoteFlags(command: Extract<Command, { verb: 'promote' }>): string[] {
  return [
    ...(command.full ? ['--full'] : []),
    ...(command.skipCurrentStep ? ['--skip-current-step'] : []),
    ...(command.skipAllSteps ? ['--skip-all-steps'] : []),
  ];
}

/** A word for a shell: whoever pastes the line must get that word and nothing else. */
function word(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
