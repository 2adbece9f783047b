/** What is stored of a record, beside the attributes of its item. */
type Body = Record<string, unknown>;

/** From each schema to the next: docs/adr/0040-what-is-told-lies-in-the-record.md */
export const recordUpgrades: Record<number, (body: Body) => Body> = {
  1: ({ pending, ...body }) => ({
    ...body,
    ...(Array.isArray(pending) && { outbox: pending.map((ledger) => ({ ledger })) }),
  }),
};
