import { Forbidden } from '#src/access/grant.ts'
import { ConflictForm, EditForm } from '#src/domains/roles/roles/form-views.tsx'
import { roleOf, roles } from '#src/domains/roles/roles/model.ts'
import { offersFor } from '#src/domains/roles/roles/queries.ts'
import type { Call, Refusal } from '#src/http/endpoint.ts'
import { notFound } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'
import { lastChangeOf } from '#src/resource/history/query.ts'
import { readRecord } from '#src/resource/record/query.ts'
import type { Frame } from '#src/ui/frame.ts'

export type Editing = Call<{ can: 'role:update' }>

/** The role that is edited, as far as its editor sees it. */
export async function roleToEdit({ db, actor, grant, id }: Pick<Editing, 'db' | 'actor' | 'grant' | 'id'>) {
  const found = await readRecord(db, roles, actor, grant, id())
  const role = roleOf(found.row())
  if (role.deleted_at) throw notFound()
  return role
}

/** The form, as the role is or as it was sent before. */
export async function editScreen(
  call: Editing,
  { refusal, input }: { refusal?: Refusal; input?: Record<string, unknown> },
) {
  const role = await roleToEdit(call)
  const { permissions, parents, changeable } = await offersFor(call.db, call.actor, role.id)
  if (!changeable)
    throw new Forbidden('role:assign', 'You can’t change this role: it has permissions you don’t hold.')
  const offered = {
    permissions: permissions.map(({ code }) => ({ value: code, label: code })),
    parents: parents.map(({ id, name }) => ({ value: id, label: name })),
  }
  const changed = refusal?.status === 412 ? await lastChangeOf(call.db, call.actor, roles, role.id) : null
  return (frame: Frame) => ({
    title: `Edit ${role.name}`,
    trail: [
      { label: 'Roles', href: frame.path(paths.roles) },
      { label: role.name, href: frame.path(paths.role(role.id)) },
    ],
    children:
      refusal?.status === 412 ? (
        <ConflictForm role={role} offered={offered} frame={frame} input={refusal.input} changed={changed} />
      ) : (
        <EditForm
          role={role}
          offered={offered}
          frame={frame}
          refusal={refusal}
          input={input}
          version={(input && call.version) ?? role.version}
        />
      ),
  })
}
