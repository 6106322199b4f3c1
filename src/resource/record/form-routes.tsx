import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import { conflict, Forbidden, notFound } from '#src/errors.ts'
import { can, type Endpoint, get, patch, post, put, type Refusal } from '#src/http/endpoint.ts'
import { capital, withArticle } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import { type EntityCall, entityCall, mayOf } from '#src/resource/call.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import type { Parts } from '#src/resource/parts.ts'
import { actionsOf } from '#src/resource/record/actions.ts'
import { formScreen } from '#src/resource/record/form-views.tsx'
import { lastChangeOf } from '#src/resource/record/last-change.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { saved } from '#src/resource/record/saved.ts'
import { pickingsFor } from '#src/resource/references/picking.ts'
import { severalsFor } from '#src/resource/references/several.ts'
import type { Frame } from '#src/ui/frame.ts'

/** `GET /<path>/new` and `POST /<path>`. */
export function createRoutes<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint[] {
  const { one } = resource.declared
  const { create } = actionsOf(resource, parts)
  const places = pathsOf(resource.path)
  const needs = can(resource.may('create'))
  const form = (call: unknown, refusal?: Refusal) =>
    formFor(resource, parts, call as EntityCall<M>, undefined, refusal)
  const options = {
    body: parts.bodies?.create ?? resource.body.create,
    refused: form,
    answer: resource.record,
    status: 201 as const,
    otherStatuses: [...(parts.otherStatuses ?? []), 409],
    summary: `Add ${withArticle(one)}`,
  }
  return [
    get(places.new, needs, { only: 'page' }, async (call) => ({ screen: await form(call) })),
    post(resource.path, needs, options, async (call) => {
      const { db, actor, grant, services } = entityCall<M>(call)
      const input = parts.prepare ? await parts.prepare(call.body as never, services, actor) : call.body
      const made = await db.withActor(actor, (tx) =>
        create(tx, actor, grant as Grant<M, 'create'>, input as never),
      )
      const given = entityCall<M>(call)
      const notice = made.pending ? 'An invitation is on its way' : `${capital(one)} added`
      return { ...saved(given, resource, made, notice, places.new), status: made.pending ? 202 : 201 }
    }),
  ]
}

/** `GET /<path>/:id/edit`, `PUT` and `PATCH /<path>/:id`. */
export function updateRoutes<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint[] {
  const { one } = resource.declared
  const { update } = actionsOf(resource, parts)
  const { whole, some } = { ...resource.body, ...parts.bodies }
  const places = pathsOf(resource.path)
  const path = places.one(':id')
  const needs = can(resource.may('update'))
  const form = async (call: unknown, refusal?: Refusal) => {
    const { db, actor, grant, id } = call as EntityCall<M>
    const found = await readRecord(db, resource, actor, grant, id())
    const row = found.row()
    if (row.deleted_at) throw notFound()
    if (!found.update) throw new Forbidden(resource.may('update'))
    if (!refusal && parts.readOnly?.(row)) throw conflict('', `This ${one} can’t be changed any more.`)
    return formFor(resource, parts, call as EntityCall<M>, row, refusal)
  }
  const write = async (call: unknown) => {
    const { db, actor, grant, id, body, version } = call as EntityCall<M>
    const done = await db.withActor(actor, (tx) =>
      update(tx, actor, grant as Grant<M, 'update'>, id(), body as never, version),
    )
    return saved(call as EntityCall<M>, resource, done, 'Saved', places.edit(done.id))
  }
  const options = { refused: form, answer: resource.record, otherStatuses: [409, 412] }
  return [
    get(places.edit(':id'), needs, { only: 'page' }, async (call) => ({ screen: await form(call) })),
    put(path, needs, { ...options, body: whole, summary: `Replace ${withArticle(one)}` }, write),
    patch(path, needs, { ...options, body: some, summary: `Update ${withArticle(one)}` }, write),
  ]
}

/** The form of a new or an existing record, with the options of its references. */
async function formFor<M extends Model, X>(
  resource: Resource<M>,
  { offer, choices, fields, more, held }: Parts<M, X>,
  call: EntityCall<M>,
  row?: RecordRow,
  refusal?: Refusal,
) {
  const { db, actor, services, find } = call
  const offered = (await offer?.(call, row)) ?? {}
  const { one = {}, several = {} } = choices?.(row) ?? {}
  const [pickings, severals] = await Promise.all([
    pickingsFor(db, actor, resource, { row, refusal, find, choices: one }),
    severalsFor(call, several, refusal?.input),
  ])
  const changed = row && refusal?.status === 412 ? await lastChangeOf(db, actor, resource, row.id) : null
  const may = mayOf(resource, actor)
  return (frame: Frame) => {
    const seen = { actor, frame, may, offered, pickings, severals, services }
    return formScreen({
      resource,
      frame,
      offered,
      pickings,
      severals,
      row,
      refusal,
      changed,
      fields: fields && ((props) => fields(props, seen)),
      more: more && ((props) => more(props, seen)),
      held,
    })
  }
}
