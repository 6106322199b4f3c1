import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Call, Draw, Refusal } from '#src/http/endpoint.ts'
import { queryOf, validQuery } from '#src/http/input.ts'
import { pairsOf } from '#src/http/text.ts'
import { number } from '#src/locale/noun.ts'
import { selector } from '#src/resource/bulk/selection.ts'
import { entityCall, requireGrant } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Again, Choosing } from '#src/resource/list/views.tsx'

/**
 * Draws the list again after its form was sent without an action or without rows.
 * @throws {Forbidden} if the actor can't read it
 * @throws {Malformed} if the query string isn't one of that list
 */
export function chooseIn<M extends Model>(
  resource: Resource<M>,
  again: Again<M>,
  call: Pick<Call, 'rawBody'> & { actor: UserActor },
  refusal: Refusal,
): Promise<Draw> {
  const { rawBody, actor } = call
  const grant = requireGrant(resource, actor, 'read')
  const at = typeof rawBody.back === 'string' ? rawBody.back : ''
  const query = validQuery(resource.query, queryOf(pairsOf(at)))
  return again(entityCall<M>({ ...call, grant, query }), at, choosingOf(resource, refusal))
}

const ticks = z.object(selector)

function choosingOf({ declared }: Resource, { input, message, errors }: Refusal): Choosing {
  const { one, many } = declared
  const { ids = [], matching, all } = ticks.safeParse(input).data ?? {}
  const every = matching !== undefined || all === true
  const found = { ids, every }
  if (!ids.length && !every)
    return { ...found, message: `Select ${many} first, then choose what to do with them.` }
  if (!errors.some(({ path }) => path === 'action')) return { ...found, message }
  const named = ids.length === 1 ? `the selected ${one}` : `the ${number(ids.length)} selected ${many}`
  const which = every ? `all ${matching === undefined ? '' : 'matching '}${many}` : named
  return { ...found, message: `Choose what to do with ${which}.` }
}
