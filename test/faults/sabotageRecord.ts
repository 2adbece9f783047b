import type { Sabotage } from './plant.ts';

// Bugs of what is kept and told: the table, the record, the ledger and Events.

export const recordSabotages: Sabotage[] = [
  {
    name: 'a write goes without its resourceVersion',
    file: 'lib/apply/apply.ts',
    find: 'const ref = { kind, namespace, name, resourceVersion };',
    replace: 'const ref = { kind, namespace, name };',
  },
  {
    name: 'the due time is not set before the first write',
    file: 'lib/record/nextRecord.ts',
    find: 'if (plan.writes.length > 0) {\n    return { dueAt',
    replace: 'if (plan.writes.length > 0) {\n    return {};\n    return { dueAt',
  },
  {
    name: 'an intent is carried out before the table has its mark',
    file: 'lib/record/intents.ts',
    find: '? { ...intent, applying: step.applying }',
    replace: '? intent',
  },
  {
    name: 'a promotion is told again when its pause is taken off',
    file: 'lib/record/pauses.ts',
    find: 'if (!before.pauseStart || before.promoteFull || before.isPassed) return undefined;',
    replace: 'if (!before.pauseStart) return undefined;',
  },
  {
    name: 'a pause that Serin ends is told as a promotion',
    file: 'lib/record/pauses.ts',
    find: 'return after.pauseStart === null && (after.controllerPause || isHold);',
    replace: 'return after.pauseStart === null || isHold;',
  },
  {
    name: 'other steps are told as the end of the pause before them',
    file: 'lib/record/note.ts',
    find: 'return isSameSteps && before.currentPodHash === after.currentPodHash;',
    replace: 'return (isSameSteps || true) && before.currentPodHash === after.currentPodHash;',
  },
  {
    name: 'the record is saved whatever its version is',
    file: 'lib/store/store.ts',
    find: 'record.version === 0 ? isNew : isVersion(record.version)',
    replace: "{ text: '1 = 1' }",
  },
  {
    name: 'a conflict in the table is taken for success',
    file: 'lib/reconcile/record.ts',
    find: 'await world.store.save(timed.record);',
    replace:
      'await world.store.save(timed.record).catch((error) => {\n' +
      "      if (error.name !== 'Conflict') throw error;\n    });",
  },
  {
    name: 'the ledger takes an entry twice',
    file: 'lib/store/store.ts',
    find: 'table.put(ledgerItem(key, entry), isNew)',
    replace: "table.put(ledgerItem(key, entry), { text: '1 = 1' })",
  },
  {
    name: 'what happened is told before it is kept',
    file: 'lib/reconcile/record.ts',
    find: 'await outbox.takeOver(before, (event) => cameAbout(controller, seen, event));',
    replace: 'await outbox.append(next.record.outbox, next.record);',
  },
  {
    name: 'an Event is lost with the process that was to put it',
    file: 'lib/apply/outbox.ts',
    find: 'announce(stored.filter((message) => open.includes(fateOf(message))));',
    replace: '',
  },
  {
    name: 'what a process that ended was to do is told as if it were done',
    file: 'lib/record/outbox.ts',
    find: 'return isAsLeft && !plan.events.some(isSame);',
    replace: 'return !plan.events.some(isSame);',
  },
  {
    name: 'an Event that is put a second time is counted as another',
    file: 'lib/apply/events.ts',
    find: 'if (isLate || said.involvedObject?.resourceVersion === resourceVersion) return;',
    replace: '',
  },
  {
    name: 'a wiped status wipes what is needed to restore it',
    file: 'lib/record/rolloutMemory.ts',
    find: 'const moves = isWorthKeeping(record.progress, progress);',
    replace: 'const moves = true || isWorthKeeping(record.progress, progress);',
  },
  {
    name: 'metadata that is refused takes the size along',
    file: 'lib/apply/apply.ts',
    find: 'if (!(error instanceof Terminal)) throw error;',
    replace: 'if (error instanceof Terminal) throw error;',
  },
];
