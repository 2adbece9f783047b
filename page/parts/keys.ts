import { useEffect, useRef } from 'preact/hooks';

const offKey = 'serin-keys-off';

export function areKeysOn(): boolean {
  return localStorage.getItem(offKey) === null;
}

/** For those whose speech or tremor presses keys that they do not mean. */
export function setKeysOn(isOn: boolean): void {
  if (isOn) localStorage.removeItem(offKey);
  else localStorage.setItem(offKey, 'yes');
}

/** Single keys, where nobody is writing and no dialog is open. They open things, and never act. */
export function useKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { target, key } = event;
      const isWriting =
        target instanceof Element && target.closest('input, textarea, select, dialog') !== null;
      if (isWriting || event.ctrlKey || event.metaKey || event.altKey || !areKeysOn()) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const act = Object.hasOwn(latest.current, key) ? latest.current[key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}
