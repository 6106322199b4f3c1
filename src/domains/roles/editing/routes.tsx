import { z } from 'zod'
import type { Db } from '#src/db/database.ts'
import { type Draft, draft, proposal } from '#src/domains/roles/editing/model.ts'
import { Preview } from '#src/domains/roles/editing/preview-views.tsx'
import { type Editing, editScreen, roleToEdit } from '#src/domains/roles/editing/views.tsx'
import { changeRole } from '#src/domains/roles/roles/actions.ts'
import { tried } from '#src/domains/roles/roles/edit-actions.ts'
import { type RoleChange, roles, someOfRole, triedAnswer, wholeRole } from '#src/domains/roles/roles/model.ts'
import { type Call, can, get, patch, post, put, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { saved } from '#src/resource/record/routes.tsx'

const needs = can('role:update')

const refused = (call: unknown, refusal: Refusal) => editScreen(call as Editing, { refusal })

/** What changes who may what: shown before it is saved. */
const SHOWN = ['status', 'permissions', 'parent_ids']

const trying = z.strictObject({
  dry_run: z.enum(['true', 'false']).optional().meta({
    description: 'Returns who would gain and lose which permissions, without saving.',
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
  get(paths.editRole(':id'), needs, { only: 'page' }, async (call) => ({
    screen: await editScreen(call, {}),
  })),

  post(paths.editRole(':id'), needs, { only: 'page', body: draft, refused }, async (call) => {
    const { db, actor, body, sent } = call
    if (body.back) {
      const { back: _, ...input } = sent
      return { screen: await editScreen(call as unknown as Editing, { input }) }
    }
    const { write, saving } = proposal(call as unknown as Draft)
    const { fields, effects } = await tried(db, actor, write)
    if (!fields.some((name) => SHOWN.includes(name))) {
      const { result } = await db.withActor(actor, write)
      return saved(call, roles, result, 'Saved', paths.editRole(result.id))
    }
    const role = await roleToEdit(call)
    return {
      screen: (frame) => ({
        title: `Review changes to ${role.name}`,
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

  put(paths.role(':id'), needs, { ...options, body: wholeRole, summary: 'Replace a role' }, change),
  patch(paths.role(':id'), needs, { ...options, body: someOfRole, summary: 'Update a role' }, change),
]
