import type { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Tx } from '#src/db/database.ts'
import type { draft, Saving } from '#src/domains/roles/editing/model.ts'
import { type Changed, changeRole, stepRole, turnRole } from '#src/domains/roles/roles/actions.ts'
import { invalid } from '#src/errors.ts'
import { paths } from '#src/paths.ts'

/** What a page asks for, and how it was sent. */
type Draft = {
  actor: UserActor
  grant: Grant<'role', 'update'>
  id: string
  body: z.infer<typeof draft>
  version: number | null
  sent: Record<string, unknown>
}

/** The write that a page asks for, and the request that makes it once it was seen what it does. */
export function proposal({ actor, grant, id, body, version, sent }: Draft): {
  write: (tx: Tx) => Promise<Changed>
  saving: Saving
} {
  const { step, record, add, back: _, ...change } = body
  const given = [actor, grant, id] as const
  if (step === undefined)
    return {
      write: (tx) => changeRole(tx, ...given, change, version),
      saving: { action: paths.role(id), method: 'patch', fields: fieldsOf(sent) },
    }
  if (step === 'toggle')
    return {
      write: (tx) => turnRole(tx, ...given, null, version),
      saving: { action: paths.toggleRole(id), method: 'patch', fields: [] },
    }
  if (!record) throw invalid([{ path: 'record', message: 'Choose a record' }])
  const path = step === 'permissions' ? paths.rolePermission : paths.roleParent
  const adds = add !== 'false'
  return {
    write: (tx) => stepRole(tx, ...given, { kind: step, id: record, add: adds }, version),
    saving: { action: path(id, record), method: adds ? 'post' : 'delete', fields: [] },
  }
}

const fieldsOf = (sent: Record<string, unknown>) =>
  Object.entries(sent).flatMap(([name, value]) =>
    name === 'back' ? [] : [value].flat().map((one): [string, string] => [name, String(one)]),
  )
