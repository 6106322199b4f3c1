import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import { type RoleRecord, roleOf, roles } from '#src/domains/roles/roles/model.ts'
import { offersFor } from '#src/domains/roles/roles/offering-queries.ts'
import { Forbidden, notFound } from '#src/errors.ts'
import { readRecord } from '#src/resource/record/query.ts'

type Option = { value: string; label: string }
/** A role that is edited, with what may be put into it. */
export type EditableRole = { role: RoleRecord; offered: { permissions: Option[] } }

/** The role that is edited, as far as its editor sees it. @throws {NotFound}, of a deleted one too */
export async function roleToEdit(
  db: Door,
  actor: UserActor,
  grant: Grant<'role', 'update'>,
  id: string,
): Promise<RoleRecord> {
  const found = await readRecord(db, roles, actor, grant, id)
  const role = roleOf(found.row())
  if (role.deleted_at) throw notFound()
  return role
}

/** @throws {Forbidden} for a role that its editor doesn't cover */
export async function editableRole(
  db: Door,
  actor: UserActor,
  grant: Grant<'role', 'update'>,
  id: string,
): Promise<EditableRole> {
  const role = await roleToEdit(db, actor, grant, id)
  const { permissions, changeable } = await offersFor(db, actor, role.id)
  if (!changeable)
    throw new Forbidden('role:assign', 'You can’t change this role: it has permissions you don’t hold.')
  return {
    role,
    offered: { permissions: permissions.map(({ code }) => ({ value: code, label: code })) },
  }
}
