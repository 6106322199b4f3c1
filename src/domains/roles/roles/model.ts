import { sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { templates } from '#src/access/templates.ts'
import { roleNarrowings } from '#src/domains/roles/roles/offering-queries.ts'
import { momentOrNever } from '#src/http/moment.ts'
import { defineResource, type RecordRow } from '#src/resource/entity.ts'
import { cellOfEntries } from '#src/resource/export.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { flag } from '#src/resource/kinds/flag.ts'
import { line } from '#src/resource/kinds/lines.ts'
import { name as nameColumn, text } from '#src/resource/kinds/text.ts'

/** `assign` is for giving what one doesn't have oneself: see the rule of granting. */
const role = defineModel('role', {
  table: 'roles',
  actions: ['create', 'read', 'update', 'delete', 'assign'],
  own: [],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    role: ActionsOf<typeof role>
  }
}

export const statuses = ['active', 'disabled'] as const

/** What a role gives: held by itself, or inherited from a role above that holds it. */
export type Held = { id: string; code: string; inherited_from?: { id: string; name: string } }

/** A role as JSON and pages know it; the database makes it. */
export type RoleRecord = {
  id: string
  name: string
  description: string
  status: (typeof statuses)[number]
  builtin: boolean
  template: string | null
  second_factor_required: boolean
  parents: { id: string; name: string }[]
  permissions: Held[]
  created_at: string
  updated_at: string
  deleted_at: string | null
  version: number
}
export const roleOf = (row: RecordRow) => row as unknown as RoleRecord

/** Several of a form's boxes, or one text with commas; the empty one says that there are none. */
const several = <S extends z.ZodType>(item: S) =>
  z.preprocess(
    (sent) =>
      typeof sent === 'string'
        ? sent.split(',').filter(Boolean)
        : Array.isArray(sent)
          ? sent.filter((one) => one !== '')
          : sent,
    z.array(item).max(2000),
  )

const columns = {
  name: nameColumn(),
  description: text('Description', { max: 500 }),
  status: choice('Status', statuses, { filterable: true, tones: { active: 'good', disabled: 'plain' } }),
  builtin: flag('Built-in', { write: 'never', filterable: true }),
  template: { ...text('Template', { write: 'never' }), listed: false, output: z.string().nullable() },
  second_factor_required: flag('Two-step verification required', {
    hint: 'People with this role must use two-step verification.',
  }),
}

const plain = {
  name: columns.name.input as z.ZodType<string>,
  description: columns.description.input as z.ZodType<string>,
  status: columns.status.input as z.ZodType<RoleRecord['status']>,
  second_factor_required: columns.second_factor_required.input as z.ZodType<boolean>,
}
const attached = {
  permissions: several(z.string().max(200)).meta({ description: 'Each as model:action:scope.' }),
  parent_ids: several(z.guid('Choose a role')),
}

export const newRole = z.strictObject({
  name: plain.name,
  description: plain.description.default(''),
  second_factor_required: plain.second_factor_required.default(false),
  permissions: attached.permissions.default([]),
  parent_ids: attached.parent_ids.default([]),
})
/** `PUT`: what isn't named is emptied; switches stay as they are. */
export const wholeRole = newRole.extend({
  status: plain.status.optional(),
  second_factor_required: plain.second_factor_required.optional(),
})
export const someOfRole = z.strictObject({ ...plain, ...attached }).partial()
export type NewRole = z.infer<typeof newRole>
export type RoleChange = z.infer<typeof someOfRole>

/** Beyond so many people who have a role nobody is counted. */
export const HOLDERS_CAP = 1000

export const minimalRole = z.strictObject({ name: plain.name })
export const MINIMAL = ['user:read:own', 'user:update:own']
/** What a role can begin with, and what that gives. */
export const templatesAnswer = z.strictObject({
  data: z.array(
    z.strictObject({ name: z.string(), description: z.string(), permissions: z.array(z.string()) }),
  ),
})
/** An empty field of a form is no name. */
export const templateRole = z.strictObject({
  template: z.enum(Object.keys(templates)),
  name: z.preprocess((sent) => (sent === '' ? undefined : sent), plain.name.optional()),
})

/**
 * What roles give is seen by those who see permissions. Where several above hold the same, it comes from one that is
 * right above; how far up the others are is not asked, since there may be very many ways. `offset 0` keeps the planner
 * from reading all roles' permissions for a few roles; neither ids nor codes need escaping.
 */
function attachedTo(actor: UserActor) {
  const seesPermission = actor.find('permission:read')?.where('p') ?? sql`false`
  return {
    parents: sql`(select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name) order by r.sort_name, r.id), '[]')
      from role_parents i join roles r on r.org_id = i.org_id and r.id = i.parent_id
      where i.org_id = roles.org_id and i.role_id = roles.id and r.deleted_at is null)`,
    permissions: sql`(
      with recursive up(id, depth, name, sort_name) as (
        select roles.id, 0, roles.name, roles.sort_name
        union
        select r.id, least(up.depth + 1, 2), r.name, r.sort_name
        from up cross join lateral (
          select i.parent_id from role_parents i where i.org_id = roles.org_id and i.role_id = up.id offset 0) i
        join roles r on r.org_id = roles.org_id and r.id = i.parent_id and r.status = 'active' and r.deleted_at is null
      ), source as materialized (
        select id, row_number() over (order by depth, sort_name, id) as place,
          case when depth > 0 then ',"inherited_from":' || json_build_object('id', id, 'name', name) else '' end as told from up
      ), held as (
        select h.permission_id, min(s.place) as place from source s cross join lateral (
          select h.permission_id from role_permissions h where h.org_id = roles.org_id and h.role_id = s.id offset 0) h
        group by h.permission_id
      )
      select ('[' || coalesce(string_agg('{"id":"' || p.id || '","code":"' || p.code || '"' || s.told || '}', ','
        order by h.place > 1, p.code), '') || ']')::json
      from held h join source s on s.place = h.place join permissions p on p.org_id = roles.org_id and p.id = h.permission_id
      where ${seesPermission})`,
  }
}

const named = z.strictObject({ id: z.guid(), name: z.string() })

export const roles = defineResource(role, {
  path: '/roles',
  one: 'role',
  many: 'roles',
  icon: 'shield-check',
  subtitle: 'Roles grant permissions to the people they’re assigned to.',
  title: 'name',
  searched: true,
  narrowings: roleNarrowings,
  columns,
  more: attachedTo,
  moreAnswered: {
    parents: z.array(named),
    permissions: z.array(
      z.strictObject({ id: z.guid(), code: z.string(), inherited_from: named.optional() }),
    ),
  },
  cells: {
    parents: (row) => cellOfEntries(roleOf(row).parents.map(({ name }) => name)),
    permissions: (row) =>
      roleOf(row)
        .permissions.filter(({ inherited_from }) => !inherited_from)
        .map(({ code }) => code)
        .join('; '),
  },
  attached: [
    { type: 'role_permission', needs: 'permission:read' },
    { type: 'role_parent', needs: 'role:read' },
  ],
  taken: { roles_name: ['name', 'is already in use'] },
})

const affected = z.strictObject({
  count: z.int(),
  users: z.array(z.strictObject({ id: z.guid(), name: z.string() })),
})
/** Who would gain and lose what: the answer of a change that is only tried. */
export const triedAnswer = z
  .strictObject({
    effects: z.array(z.strictObject({ permission: z.string(), gains: affected, loses: affected })),
  })
  .meta({ id: 'role_effect' })

/** An empty field of a form says nothing. */
const unsaid = <S extends z.ZodType>(schema: S) =>
  z.preprocess((sent) => (sent === '' ? undefined : sent), schema.optional())

/** How a role is given: for good where no end is named. Whoever has it keeps what isn't named; null is for good. */
export const givenRole = z.strictObject({
  expires_at: unsaid(momentOrNever),
  reason: unsaid(line(500)),
})
/** The same as a form sends it. */
export const namedRole = givenRole.extend({ role_id: z.guid('Choose a role') })

export const assignmentsAnswer = z.strictObject({
  data: z.array(
    z
      .strictObject({
        role: named,
        granted_by: z.strictObject({ id: z.guid(), name: z.string().optional() }).nullable(),
        reason: z.string(),
        created_at: z.iso.datetime({ offset: true }),
        begins_at: z.iso.datetime({ offset: true }).nullable(),
        expires_at: z.iso.datetime({ offset: true }).nullable(),
      })
      .meta({ id: 'assignment' }),
  ),
})
