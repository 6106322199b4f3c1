import { Forbidden } from '#src/access/grant.ts'
import { inherits } from '#src/domains/roles/inheriting.ts'
import { offersFor } from '#src/domains/roles/offering.ts'
import { ConflictForm, EditForm } from '#src/domains/roles/roles/form-views.tsx'
import { roleOf, roles } from '#src/domains/roles/roles/model.ts'
import type { Call, Refusal } from '#src/http/endpoint.ts'
import { notFound } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { severalsFor } from '#src/resource/several.ts'
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
  const { permissions, changeable } = await offersFor(call.db, call.actor, role.id)
  if (!changeable)
    throw new Forbidden('role:assign', 'You can’t change this role: it has permissions you don’t hold.')
  const offered = { permissions: permissions.map(({ code }) => ({ value: code, label: code })) }
  const { parent_ids: parents } = await severalsFor(call, inherits(role), refusal?.input ?? input)
  return (frame: Frame) => ({
    title: `Edit ${role.name}`,
    trail: [
      { label: 'Roles', href: frame.path(paths.roles) },
      { label: role.name, href: frame.path(paths.role(role.id)) },
    ],
    children:
      refusal?.status === 412 ? (
        <ConflictForm role={role} parents={parents} frame={frame} input={refusal.input} />
      ) : (
        <EditForm
          role={role}
          offered={offered}
          parents={parents}
          frame={frame}
          refusal={refusal}
          input={input}
          version={(input && call.version) ?? role.version}
        />
      ),
  })
}
