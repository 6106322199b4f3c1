import { z } from 'zod'
import { Forbidden } from '#src/access/grant.ts'
import type { Db } from '#src/db/database.ts'
import { type Changed, changeRole, stepRole, turnRole } from '#src/domains/roles/actions.ts'
import { tried } from '#src/domains/roles/editing.ts'
import { ConflictForm, EditForm } from '#src/domains/roles/forms.tsx'
import {
  type RoleChange,
  roleOf,
  roles,
  someOfRole,
  triedAnswer,
  wholeRole,
} from '#src/domains/roles/model.ts'
import { Preview, type Saving } from '#src/domains/roles/preview.tsx'
import { offersFor } from '#src/domains/roles/queries.ts'
import { type Call, can, get, patch, post, put, type Refusal } from '#src/http/endpoint.ts'
import { invalid, notFound } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/query.ts'
import { saved } from '#src/resource/record-routes.tsx'
import type { Frame } from '#src/ui/frame.ts'

const needs = can('role:update')
type Editing = Call<typeof needs>

/** The edit form, or one step of a role's page. */
const draft = someOfRole.extend({
  step: z.enum(['toggle', 'permissions', 'parents']).optional(),
  record: z.guid('is needed').optional(),
  add: z.enum(['true', 'false']).optional(),
  back: z.literal('true').optional(),
})
type Draft = Omit<Editing, 'body'> & { body: z.infer<typeof draft> }

async function read({ db, actor, id }: Pick<Editing, 'db' | 'actor' | 'id'>) {
  const found = await readRecord(
    db,
    roles,
    actor,
    actor.find('role:read') ?? actor.require('role:update'),
    id(),
  )
  const role = roleOf(found.row())
  if (role.deleted_at) throw notFound()
  return role
}

/** The form, as the role is or as it was sent before. */
async function form(
  call: Editing,
  { refusal, input }: { refusal?: Refusal; input?: Record<string, unknown> },
) {
  const role = await read(call)
  const { permissions, parents, changeable } = await offersFor(call.db, call.actor, role.id)
  if (!changeable)
    throw new Forbidden('role:assign', 'This role may do more than you: you may not change it.')
  const offered = {
    permissions: permissions.map(({ code }) => ({ value: code, label: code })),
    parents: parents.map(({ id, name }) => ({ value: id, label: name })),
  }
  return (frame: Frame) => ({
    title: `Edit ${role.name}`,
    trail: [
      { label: 'Roles', href: frame.path(paths.roles) },
      { label: role.name, href: frame.path(paths.role(role.id)) },
    ],
    children:
      refusal?.status === 412 ? (
        <ConflictForm role={role} offered={offered} frame={frame} input={refusal.input} />
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

const refused = (call: unknown, refusal: Refusal) => form(call as Editing, { refusal })

/** The write that a page asks for, and the request that makes it once it was seen what it does. */
function proposal({ actor, grant, id, body, version, sent }: Draft): {
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
  if (!record) throw invalid([{ path: 'record', message: 'is needed' }])
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

/** What changes who may what: shown before it is saved. */
const SHOWN = ['status', 'permissions', 'parent_ids']

const trying = z.strictObject({
  dry_run: z.enum(['true', 'false'], 'must be true or false').optional().meta({
    description: 'Answers who would gain and who would lose what, and saves nothing.',
  }),
})
const options = {
  query: trying,
  answer: z.union([roles.record, triedAnswer]),
  refused,
  also: [409, 412],
}

type Sent = Omit<Call<typeof needs, typeof trying>, 'body'> & { body: RoleChange }

async function change(call: Sent) {
  const { db, actor, grant, id, body, query, version } = call
  const write = (tx: Db) => changeRole(tx, actor, grant, id(), body, version)
  if (query.dry_run === 'true') return { json: { effects: (await tried(db, actor, write)).effects } }
  const { result } = await db.withActor(actor, write)
  return saved(call, roles, result, 'Saved', paths.editRole(result.id))
}

export const editRoutes = [
  get(paths.editRole(':id'), needs, { only: 'page' }, async (call) => ({ screen: await form(call, {}) })),

  post(paths.editRole(':id'), needs, { only: 'page', body: draft, refused }, async (call) => {
    const { db, actor, body, sent } = call
    if (body.back) {
      const { back: _, ...input } = sent
      return { screen: await form(call as unknown as Editing, { input }) }
    }
    const { write, saving } = proposal(call as unknown as Draft)
    const { fields, effects } = await tried(db, actor, write)
    if (!fields.some((name) => SHOWN.includes(name))) {
      const { result } = await db.withActor(actor, write)
      return saved(call, roles, result, 'Saved', paths.editRole(result.id))
    }
    const role = await read(call)
    return {
      screen: (frame) => ({
        title: `Change ${role.name}?`,
        lead: 'Nothing is saved yet. This is what it would do to people.',
        trail: [
          { label: 'Roles', href: frame.path(paths.roles) },
          { label: role.name, href: frame.path(paths.role(role.id)) },
        ],
        children: (
          <Preview
            role={role}
            effects={effects}
            saving={saving}
            version={call.version ?? role.version}
            edited={body.step === undefined}
            frame={frame}
          />
        ),
      }),
    }
  }),

  put(paths.role(':id'), needs, { ...options, body: wholeRole, summary: 'Replace one role' }, change),
  patch(paths.role(':id'), needs, { ...options, body: someOfRole, summary: 'Change one role' }, change),
]
