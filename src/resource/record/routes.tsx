import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, type Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import {
  type Call,
  can,
  del,
  type Endpoint,
  get,
  patch,
  post,
  put,
  type Refusal,
} from '#src/http/endpoint.ts'
import { conflict, notFound } from '#src/http/errors.ts'
import { capital, withArticle } from '#src/locale/noun.ts'
import { listAgain, paths, pathsOf } from '#src/paths.ts'
import { wouldDo } from '#src/resource/bulk/outcome.ts'
import { type Given, mayOf } from '#src/resource/call.ts'
import type { Resource, Row } from '#src/resource/entity.ts'
import { lastChangeOf } from '#src/resource/history/query.ts'
import { searchBefore } from '#src/resource/list/page.ts'
import { namesOf } from '#src/resource/list/source.ts'
import type { Parts } from '#src/resource/parts.ts'
import { actionsOf } from '#src/resource/record/actions.ts'
import { deleteScreen } from '#src/resource/record/delete-views.tsx'
import { formScreen } from '#src/resource/record/form-views.tsx'
import { type Found, readRecord } from '#src/resource/record/query.ts'
import { recordScreen } from '#src/resource/record/views.tsx'
import { onlyVersion, type Written } from '#src/resource/record/write.ts'
import { pickingsFor } from '#src/resource/references/picking.ts'
import { severalsFor } from '#src/resource/references/several.ts'
import type { Frame } from '#src/ui/frame.ts'

/** `GET /<path>/:id`: the record. */
export function readRoute<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint {
  const options = { answer: resource.record, summary: `Get ${withArticle(resource.declared.one)}` }
  const path = pathsOf(resource.path).one(':id')
  return get(path, can(resource.may('read')), options, async (call) => {
    const { db, actor, grant, id } = call as unknown as Given<M>
    const found = await readRecord(db, resource, actor, grant, id())
    return {
      json: found.json,
      etag: found.version,
      screen: async (frame) => {
        const row = found.row()
        const extra = (await parts.load?.(call as unknown as Call, found)) as X
        const withheld = parts.withheld?.(extra)
        const may = withheld ? { update: false, delete: false } : mayHere(parts, found, row)
        const seen = { actor, frame, may: mayOf(resource, actor), record: may, extra }
        return recordScreen({
          resource,
          row,
          may,
          frame,
          back: searchBefore(call.c, frame.path(resource.path)),
          panels: parts.panels?.(row, seen),
          actions: parts.head?.(row, seen),
          tabs: parts.tabs?.(row, actor),
        })
      },
    }
  })
}

/** What may be done with this record, of what the entity has at all. */
export const mayHere = <M extends Model, X>(
  { without = [], kept, fixed }: Parts<M, X>,
  found: Found,
  row: Row,
) => ({
  update: found.update && !without.includes('update') && !fixed?.(row),
  delete: found.delete && !without.includes('delete') && !kept?.(row),
})

/** `GET /<path>/new` and `POST /<path>`. */
export function createRoutes<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint[] {
  const { one } = resource.declared
  const { create } = actionsOf(resource, parts)
  const places = pathsOf(resource.path)
  const needs = can(resource.may('create'))
  const form = (call: unknown, refusal?: Refusal) =>
    formFor(resource, parts, call as Given<M>, undefined, refusal)
  const options = {
    body: parts.bodies?.create ?? resource.body.create,
    refused: form,
    answer: resource.record,
    status: 201 as const,
    also: [...(parts.also ?? []), 409],
    summary: `Add ${withArticle(one)}`,
  }
  return [
    get(places.new, needs, { only: 'page' }, async (call) => ({ screen: await form(call) })),
    post(resource.path, needs, options, async (call) => {
      const { db, actor, grant, services } = call as unknown as Given<M>
      const input = parts.prepare ? await parts.prepare(call.body as never, services, actor) : call.body
      const made = await db.withActor(actor, (tx) =>
        create(tx, actor, grant as Grant<M, 'create'>, input as never),
      )
      const given = call as unknown as Given<M>
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
    const { db, actor, grant, id } = call as Given<M>
    const found = await readRecord(db, resource, actor, grant, id())
    const row = found.row()
    if (row.deleted_at) throw notFound()
    if (!found.update) throw new Forbidden(resource.may('update'))
    if (!refusal && parts.fixed?.(row)) throw conflict('', `This ${one} can’t be changed any more.`)
    return formFor(resource, parts, call as Given<M>, row, refusal)
  }
  const write = async (call: unknown) => {
    const { db, actor, grant, id, body, version } = call as Given<M>
    const done = await db.withActor(actor, (tx) =>
      update(tx, actor, grant as Grant<M, 'update'>, id(), body as never, version),
    )
    return saved(call as Given<M>, resource, done, 'Saved', places.edit(done.id))
  }
  const options = { refused: form, answer: resource.record, also: [409, 412] }
  return [
    get(places.edit(':id'), needs, { only: 'page' }, async (call) => ({ screen: await form(call) })),
    put(path, needs, { ...options, body: whole, summary: `Replace ${withArticle(one)}` }, write),
    patch(path, needs, { ...options, body: some, summary: `Update ${withArticle(one)}` }, write),
  ]
}

/** `DELETE /<path>/:id`, and `POST /<path>/:id/restore` where what is deleted is kept. */
export function removeRoutes<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint[] {
  const { one } = resource.declared
  const { remove, restore } = actionsOf(resource, parts)
  const places = pathsOf(resource.path)
  const needs = can(resource.may('delete'))
  const removing = { summary: `Delete ${withArticle(one)}`, also: [409, 412] }
  const restoring = {
    answer: z.union([resource.record, onlyVersion]),
    summary: `Restore a deleted ${one}`,
    also: [409],
  }
  const routes = [
    get(places.delete(':id'), needs, { only: 'page', query: comingFrom }, async (call) => {
      const { db, actor, grant, id } = call as unknown as Given<M>
      const { back } = call.query
      const found = await readRecord(db, resource, actor, grant, id())
      if (found.row().deleted_at) throw notFound()
      if (!found.delete) throw new Forbidden(resource.may('delete'))
      const [name, impact] = await Promise.all([
        nameOf(resource, db, actor, found.id),
        parts.impact?.(db, actor, grant as Grant<M, 'delete'>, [found.id]) ?? null,
      ])
      return { screen: (frame) => deleteScreen({ resource, ...found, name, impact, back, frame }) }
    }),

    del(places.one(':id'), needs, removing, async (call) => {
      const { db, actor, grant, id, version, sent, request } = call as unknown as Given<M>
      const web = request.via === 'web'
      const deleting = grant as Grant<M, 'delete'>
      const name = web ? await nameOf(resource, db, actor, id()) : null
      const restorable = await db.withActor(actor, async (tx) => {
        await remove(tx, actor, deleting, id(), version)
        return web && resource.soft && wouldDo(tx, () => restore(tx, actor, deleting, id()))
      })
      const location = actor.can(resource.may('read')) ? listAgain(resource.path, sent.back) : paths.home
      const undo = restorable ? places.restore(id()) : undefined
      return { location, notice: `${name ?? capital(one)} deleted.`, undo }
    }),
  ]
  if (!resource.soft) return routes
  const back = post(places.restore(':id'), needs, restoring, async (call) => {
    const given = call as unknown as Given<M>
    const { db, actor, grant, id, sent } = given
    const done = await db.withActor(actor, (tx) => restore(tx, actor, grant as Grant<M, 'delete'>, id()))
    const name = (done.readable && resource.titleOf(JSON.parse(done.json))) || capital(one)
    const answer = saved(given, resource, done, `${name} restored.`, paths.home, 'It isn’t deleted')
    const undone = done.readable && typeof sent.back === 'string'
    return undone ? { ...answer, location: listAgain(resource.path, sent.back) } : answer
  })
  return [...routes, back]
}

/** The search of the list that somebody came from. */
const comingFrom = z.object({ back: z.string().max(2000).optional() })

/** What a record is called; null for whoever can't read it. */
async function nameOf<M extends Model>(
  resource: Resource<M>,
  db: Call['db'],
  actor: UserActor,
  id: string,
): Promise<string | null> {
  const reading = actor.find(resource.may('read')) as unknown as Grant<M, 'read'> | null
  return reading && ((await namesOf(db, actor, resource, reading, [id])).get(id) ?? null)
}

/**
 * A record that was written, and where a page goes on to: to `otherwise` with those who can't read it.
 * @param already what is said where it was so before
 */
export function saved<M extends Model>(
  { request }: Pick<Given<M>, 'request'>,
  resource: Resource<M>,
  { id, json, version, readable, unchanged }: Written,
  notice: string,
  otherwise: string,
  already = 'Nothing changed',
) {
  const location = readable || request.via === 'api' ? pathsOf(resource.path).one(id) : otherwise
  return { json, etag: version, location, notice: unchanged ? already : notice }
}

/** The form of a new record, or of one that is there, with what its references offer. */
async function formFor<M extends Model, X>(
  resource: Resource<M>,
  { offer, choices, fields, more, held }: Parts<M, X>,
  call: Given<M>,
  row?: Row,
  refusal?: Refusal,
) {
  const { db, actor, services, find } = call
  const offered = (await offer?.(call as unknown as Call, row)) ?? {}
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
