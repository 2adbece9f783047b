import type { Millis } from '../model/units.ts';
import { secondMs } from '../model/units.ts';
import type { Http } from '../world.ts';
import { json, taken } from './channel.ts';
import { plain, section } from './slackText.ts';

/** Of the 3 s that Slack waits for an answer to a click. */
const replyMs: Millis = 1.5 * secondMs;

/**
 * Tells whoever clicked on a button, and nobody else. `url`: the click's `response_url`.
 * https://docs.slack.dev/interactivity/handling-user-interaction
 */
export function slackReply(http: Http): (url: string, text: string) => Promise<void> {
  return async (url, text) => {
    const shown = plain(text, 3000);
    const { headers, body } = json({
      ...{ response_type: 'ephemeral', replace_original: false },
      text: shown.text,
      blocks: [section(shown)],
    });
    const asked = { method: 'POST', url, headers: Object.entries(headers), body };
    const read = { ...asked, timeoutMs: replyMs, nonce: '' };
    taken(await http({ http: read, via: 'internet' }, Number.POSITIVE_INFINITY));
  };
}
