export const causeKinds = ['request', 'bulk', 'import', 'job', 'command'] as const

/** Groups everything that one act writes, across transactions and retries. */
export type Cause = { id: string; kind: (typeof causeKinds)[number] }

/** The cause as keys of the context that the trail reads. */
export const causeIn = ({ id, kind }: Cause) => ({ cause: id, cause_kind: kind })
