import { z } from 'zod'
import type { Tx } from '#src/db/database.ts'
import { proposal } from '#src/domains/roles/editing/actions.ts'
import { draft } from '#src/domains/roles/editing/model.ts'
import { editableRole, roleToEdit } from '#src/domains/roles/editing/queries.ts'
import { editScreen, previewScreen } from '#src/domains/roles/editing/views.tsx'
import { changeRole } from '#src/domains/roles/roles/actions.ts'
import { inherits } from '#src/domains/roles/roles/inheriting-queries.ts'
import { type RoleChange, roles, someOfRole, triedAnswer, wholeRole } from '#src/domains/roles/roles/model.ts'
import { type Call, can, get, patch, post, put, type Refusal } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { lastChangeOf } from '#src/resource/record/last-change.ts'
import { saved } from '#src/resource/record/saved.ts'
import { severalsFor } from '#src/resource/references/several.ts'
import type { Frame } from '#src/ui/frame.ts'

const needs = can('role:update')

type Editing = Pick<Call<typeof needs>, 'db' | 'actor' | 'grant' | 'id' | 'version' | 'find'>

async function edit(
  { db, actor, grant, id, version, find }: Editing,
  given: { refusal?: Refusal; input?: Record<string, unknown> } = {},
) {
  const editable = await editableRole(db, actor, grant, id())
  const { parent_ids: parents } = await severalsFor(
    { db, actor, find },
    inherits(editable.role),
    given.refusal?.input ?? given.input,
  )
  const stale = given.refusal?.status === 412
  const changed = stale ? await lastChangeOf(db, actor, roles, editable.role.id) : null
  return (frame: Frame) => editScreen(frame, { ...editable, ...given, parents, changed, version })
}

const refused = (call: unknown, refusal: Refusal) => edit(call as Editing, { refusal })

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
  otherStatuses: [409, 412],
}

type Sent = Omit<Call<typeof needs, typeof trying>, 'body'> & { body: RoleChange }

async function change(call: Sent) {
  const { db, actor, grant, id, body, query, version } = call
  const write = (tx: Tx) => changeRole(tx, actor, grant, id(), body, version)
  if (query.dry_run === 'true') return { json: { effects: (await db.dryRun(actor, write)).effects } }
  const { result } = await db.withActor(actor, write)
  return saved(call, roles, result, 'Saved', pathsOf(paths.roles).edit(result.id))
}

export const editingRoutes = [
  get(pathsOf(paths.roles).edit(':id'), needs, { only: 'page' }, async (call) => ({
    screen: await edit(call),
  })),

  post(pathsOf(paths.roles).edit(':id'), needs, { only: 'page', body: draft, refused }, async (call) => {
    const { db, actor, grant, id, body, rawBody, version } = call
    if (body.back) {
      const { back: _, ...input } = rawBody
      return { screen: await edit(call, { input }) }
    }
    const { write, saving } = proposal({ actor, grant, id: id(), body, version, sent: rawBody })
    const { fields, effects } = await db.dryRun(actor, write)
    if (!fields.some((name) => SHOWN.includes(name))) {
      const { result } = await db.withActor(actor, write)
      return saved(call, roles, result, 'Saved', pathsOf(paths.roles).edit(result.id))
    }
    const role = await roleToEdit(db, actor, grant, id())
    const preview = {
      role,
      effects,
      saving,
      version: version ?? role.version,
      edited: body.step === undefined,
    }
    return { screen: (frame) => previewScreen(frame, preview) }
  }),

  put(paths.role(':id'), needs, { ...options, body: wholeRole, summary: 'Replace a role' }, change),
  patch(paths.role(':id'), needs, { ...options, body: someOfRole, summary: 'Update a role' }, change),
]
