// Loaded into a function's process by `--import`: its clock, as far as Date tells it, is wrong by
// SERIN_TEST_CLOCK_MS.
const offsetMs = Number(process.env.SERIN_TEST_CLOCK_MS);
const RealDate = Date;
const now = (): number => RealDate.now() + offsetMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
