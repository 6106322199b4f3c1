import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import type { Tx } from '#src/db/database.ts'
import { createRole } from '#src/domains/roles/roles/create-actions.ts'
import { MINIMAL } from '#src/domains/roles/roles/model.ts'
import { invalid } from '#src/errors.ts'
import type { SavedRecord } from '#src/resource/record/write.ts'

const nothing = { description: '', second_factor_required: false, parent_ids: [] }

/** A role for somebody who shall see and change themselves, and nothing else. */
export const createMinimal = (
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'create'>,
  name: string,
): Promise<SavedRecord> => createRole(tx, actor, grant, { ...nothing, name, permissions: MINIMAL })

/** Templates that a role can be made from; the one of the platform only there. */
export const templatesFor = (actor: UserActor): string[] =>
  Object.keys(templates).filter(
    (name) => name !== 'superadmin' || actor.identity.organization.kind === 'platform',
  )

/** The same with what they give. */
export const templateRecords = (actor: UserActor) =>
  templatesFor(actor).map((name) => ({
    name,
    description: templates[name]?.description ?? '',
    permissions: permissionsOfTemplate(name),
  }))

/** A role with what a template holds, under a name of its own. */
export async function createFromTemplate(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'create'>,
  { template, name }: { template: string; name?: string },
): Promise<SavedRecord> {
  if (!templatesFor(actor).includes(template))
    throw invalid([{ path: 'template', message: 'Choose a template' }])
  return createRole(tx, actor, grant, {
    ...nothing,
    template,
    name: name ?? (await freeName(tx, template)),
    description: templates[template]?.description ?? '',
    permissions: permissionsOfTemplate(template),
  })
}

/** "operator 2": the first that nobody took. */
async function freeName(tx: Tx, name: string): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select n.name from (select i, ${name}::text || ' ' || i as name from generate_series(2, 1000) i) n
    where not exists (select from roles r where r.sort_name = app.fold(n.name) and r.deleted_at is null) order by n.i limit 1`.execute(
    tx,
  )
  return rows[0]?.name ?? name
}
