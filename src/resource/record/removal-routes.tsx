import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import { Forbidden, notFound } from '#src/errors.ts'
import { type Call, can, del, type Endpoint, get, post } from '#src/http/endpoint.ts'
import { capital, withArticle } from '#src/locale/noun.ts'
import { listAgain, paths, pathsOf } from '#src/paths.ts'
import { entityCall, findGrant } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { namesOf } from '#src/resource/list/source.ts'
import type { Parts } from '#src/resource/parts.ts'
import { actionsOf } from '#src/resource/record/actions.ts'
import { wouldDo } from '#src/resource/record/attempt.ts'
import { deleteScreen } from '#src/resource/record/delete-views.tsx'
import { readRecord } from '#src/resource/record/query.ts'
import { saved } from '#src/resource/record/saved.ts'
import { onlyVersion } from '#src/resource/record/write.ts'

/** `DELETE /<path>/:id`, and `POST /<path>/:id/restore` if deleted records are kept. */
export function removeRoutes<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint[] {
  const { one } = resource.declared
  const { remove, restore } = actionsOf(resource, parts)
  const places = pathsOf(resource.path)
  const needs = can(resource.may('delete'))
  const removing = { summary: `Delete ${withArticle(one)}`, otherStatuses: [409, 412] }
  const restoring = {
    answer: z.union([resource.record, onlyVersion]),
    summary: `Restore a deleted ${one}`,
    otherStatuses: [409],
  }
  const routes = [
    get(places.delete(':id'), needs, { only: 'page', query: comingFrom }, async (call) => {
      const { db, actor, grant, id } = entityCall<M>(call)
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
      const { db, actor, grant, id, version, rawBody, request } = entityCall<M>(call)
      const web = request.via === 'web'
      const deleting = grant as Grant<M, 'delete'>
      const name = web ? await nameOf(resource, db, actor, id()) : null
      const restorable = await db.withActor(actor, async (tx) => {
        await remove(tx, actor, deleting, id(), version)
        return web && resource.soft && wouldDo(tx, () => restore(tx, actor, deleting, id()))
      })
      const location = actor.can(resource.may('read')) ? listAgain(resource.path, rawBody.back) : paths.home
      const undo = restorable ? places.restore(id()) : undefined
      return { location, notice: `${name ?? capital(one)} deleted.`, undo }
    }),
  ]
  if (!resource.soft) return routes
  const back = post(places.restore(':id'), needs, restoring, async (call) => {
    const given = entityCall<M>(call)
    const { db, actor, grant, id, rawBody } = given
    const done = await db.withActor(actor, (tx) => restore(tx, actor, grant as Grant<M, 'delete'>, id()))
    const name = (done.readable && resource.titleOf(JSON.parse(done.json))) || capital(one)
    const answer = saved(given, resource, done, `${name} restored.`, paths.home, 'It isn’t deleted')
    const undone = done.readable && typeof rawBody.back === 'string'
    return undone ? { ...answer, location: listAgain(resource.path, rawBody.back) } : answer
  })
  return [...routes, back]
}

/** Query string of the list the reader came from. */
const comingFrom = z.object({ back: z.string().max(2000).optional() })

/** A record's name; null if the actor can't read it. */
async function nameOf<M extends Model>(
  resource: Resource<M>,
  db: Call['db'],
  actor: UserActor,
  id: string,
): Promise<string | null> {
  const reading = findGrant(resource, actor, 'read')
  return reading && ((await namesOf(db, actor, resource, reading, [id])).get(id) ?? null)
}
