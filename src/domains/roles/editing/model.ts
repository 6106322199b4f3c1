import { z } from 'zod'
import type { Db } from '#src/db/database.ts'
import type { Saving } from '#src/domains/roles/editing/preview-views.tsx'
import type { Editing } from '#src/domains/roles/editing/views.tsx'
import { type Changed, changeRole, stepRole, turnRole } from '#src/domains/roles/roles/actions.ts'
import { someOfRole } from '#src/domains/roles/roles/model.ts'
import { invalid } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'

/** The edit form, or one step of a role's page. */
export const draft = someOfRole.extend({
  step: z.enum(['toggle', 'permissions', 'parents']).optional(),
  record: z.guid('Choose a record').optional(),
  add: z.enum(['true', 'false']).optional(),
  back: z.literal('true').optional(),
})
export type Draft = Omit<Editing, 'body'> & { body: z.infer<typeof draft> }

/** The write that a page asks for, and the request that makes it once it was seen what it does. */
export function proposal({ actor, grant, id, body, version, sent }: Draft): {
  write: (tx: Db) => Promise<Changed>
  saving: Saving
} {
  const { step, record, add, back: _, ...change } = body
  const given = [actor, grant, id()] as const
  if (step === undefined)
    return {
      write: (tx) => changeRole(tx, ...given, change, version),
      saving: { action: paths.role(id()), method: 'patch', fields: fieldsOf(sent) },
    }
  if (step === 'toggle')
    return {
      write: (tx) => turnRole(tx, ...given, null, version),
      saving: { action: paths.toggleRole(id()), method: 'patch', fields: [] },
    }
  if (!record) throw invalid([{ path: 'record', message: 'Choose a record' }])
  const path = step === 'permissions' ? paths.rolePermission : paths.roleParent
  const adds = add !== 'false'
  return {
    write: (tx) => stepRole(tx, ...given, { kind: step, id: record, add: adds }, version),
    saving: { action: path(id(), record), method: adds ? 'post' : 'delete', fields: [] },
  }
}

const fieldsOf = (sent: Record<string, unknown>) =>
  Object.entries(sent).flatMap(([name, value]) =>
    name === 'back' ? [] : [value].flat().map((one): [string, string] => [name, String(one)]),
  )
