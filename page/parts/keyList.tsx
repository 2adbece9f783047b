import './keyList.css';
import { useRef, useState } from 'preact/hooks';
import { areKeysOn, setKeysOn, useKeys } from './keys.ts';

const keys: [key: string, does: string][] = [
  ['/', 'to the filter of all rollouts'],
  ['j', 'to the next rollout'],
  ['k', 'to the one before'],
  ['Enter', 'opens it'],
  ['p', 'opens Promote'],
  ['a', 'opens Abort'],
  ['u', 'opens Go back'],
  ['Ctrl Enter', 'in a dialog: does what it is about'],
  ['Esc', 'closes a dialog'],
  ['?', 'opens this list'],
];

/** The keys, and the way to switch those off that are pressed by accident. */
export function KeyList() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOn, setOn] = useState(areKeysOn());
  const open = () => dialog.current?.showModal();
  useKeys({ '?': open });
  return (
    <footer class="foot">
      <button type="button" class="small" onClick={open}>
        Keys
      </button>
      <dialog ref={dialog} class="key-list" aria-labelledby="key-list-title">
        <h2 id="key-list-title">Keys</h2>
        <dl>
          {keys.map(([key, does]) => (
            <div key={key}>
              <dt>
                {key.split(' ').map((each) => (
                  <kbd key={each}>{each}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <p>
          <label>
            <input
              type="checkbox"
              checked={isOn}
              onChange={({ currentTarget }) => {
                setKeysOn(currentTarget.checked);
                setOn(currentTarget.checked);
              }}
            />{' '}
            Single keys do something
          </label>
        </p>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </dialog>
    </footer>
  );
}
