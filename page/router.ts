import { useEffect, useState } from 'preact/hooks';
import { type Place, placeOf } from './addresses.ts';

const moved = new Set<() => void>();

/** Goes to an address of the page without loading it. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', address);
  else {
    history.pushState(null, '', address);
    scrollTo(0, 0);
  }
  for (const tell of moved) tell();
}

/** Where the page is. Links of the page need nothing: what they name is shown here. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location));
  useEffect(() => {
    const tell = () => setPlace(placeOf(location));
    moved.add(tell);
    addEventListener('popstate', tell);
    document.addEventListener('click', follow);
    return () => {
      moved.delete(tell);
      removeEventListener('popstate', tell);
      document.removeEventListener('click', follow);
    };
  }, []);
  return place;
}

function follow(event: MouseEvent): void {
  const isOther =
    event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (isOther || event.defaultPrevented || link === null) return;
  if (link.origin !== location.origin || link.target !== '' || link.hash !== '') return;
  if (placeOf(link).screen === 'unknown') return;
  event.preventDefault();
  go(`${link.pathname}${link.search}`);
}
