export const causeKinds = ['request', 'bulk', 'import', 'job', 'command'] as const

/** What makes one act of all that it writes: in several transactions, at several attempts. */
export type Cause = { id: string; kind: (typeof causeKinds)[number] }

/** The same in the words of the context that the trail reads. */
export const causeIn = ({ id, kind }: Cause) => ({ cause: id, cause_kind: kind })
