import { useEffect, useState } from 'preact/hooks';
import { onSession, type Session, session } from './session.ts';

export function useSession(): Session {
  const [who, setWho] = useState(session());
  useEffect(() => onSession(setWho), []);
  return who;
}
