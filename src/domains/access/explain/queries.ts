import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { check } from '#src/access/check.ts'
import { type Explanation, explain, UnknownPermission } from '#src/access/explain.ts'
import { declaredActions, findModel } from '#src/access/model.ts'
import { parsePermission } from '#src/access/permission.ts'
import type { Present } from '#src/access/reach.ts'
import type { Who } from '#src/access/standing.ts'
import type { Door } from '#src/db/database.ts'
import {
  type ExplainQuery,
  type Questions,
  type Refused,
  UUID,
  withoutNames,
} from '#src/domains/access/explain/model.ts'
import { Forbidden, invalid, Malformed, notFound } from '#src/errors.ts'
import { about } from '#src/locale/instructions.ts'
import { pathsOf } from '#src/paths.ts'
import { resourceOf } from '#src/resource/entity.ts'
import { namesOf } from '#src/resource/list/source.ts'

/** As the read paths have it: an ended session, or the shadow of somebody from elsewhere, is no record. */
const present: Present = (model) => resourceOf(model)?.declared.baseFilter?.('record') ?? sql`true`

/** Who may ask about others, and be told the names of permissions. */
export const readsPermissions = (actor: UserActor) => actor.find('permission:read')?.all ?? false

const isSelf = (actor: UserActor, who: Who) =>
  'id' in who ? who.id === actor.userId : who.name === actor.identity.username

/**
 * Why a user may, or may not, do what is asked.
 * @throws {Forbidden} about another user, without the right to read permissions
 * @throws {NotFound} for a user or record that the asker may not read
 * @throws {Malformed} for an unknown permission
 */
export async function explanationOf(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  { user, permission = '', record }: ExplainQuery,
): Promise<Explanation> {
  const who = user ?? { id: actor.userId }
  if (!isSelf(actor, who) && !readsPermissions(actor)) throw new Forbidden('permission:read')
  const [model = '', action = ''] = permission.split(':')
  if (record && !findModel(model))
    throw refused('record', `is for models that are tables, and ${model} is none`)
  if (record && !UUID.test(record)) throw refused('record', 'Enter the id of a record')
  const question = { model, action, record: record ? [record] : undefined }
  const found = await explain(db, actor, who, question, present).catch((error) => {
    throw error instanceof UnknownPermission ? refused('permission', `${permission} doesn’t exist`) : error
  })
  if (!found) throw notFound()
  return found
}

const refused = (path: string, message: string) =>
  new Malformed(about(path, message), { errors: [{ path, message }] })

/** Of the last days: a refusal is asked about soon. */
const REFUSALS = sql`now() - interval '7 days'`

/**
 * Explains the caller's own refused request; what they may not read of it is left out.
 * @throws {NotFound} for a request that was not theirs, or not refused, or long ago
 */
export async function refusal(db: Pick<Door, 'readAs'>, actor: UserActor, request: string): Promise<Refused> {
  // the caller's own line of the trail, by whoever they really are: no Grant for events is needed
  const [event] = await db.readAs(actor, (q) =>
    q
      .selectFrom('events')
      .where('actor_user_id', '=', sql<string>`(current_setting('app.context')::jsonb ->> 'user')::uuid`)
      .where(sql<boolean>`api_key_id is not distinct from ${actor.identity.apiKey?.id ?? null}::uuid`)
      .where('created_at', '>', sql<string>`${REFUSALS}`)
      .where('action', '=', 'access:denied')
      .where('request_id', '=', request)
      .orderBy('created_at', 'desc')
      .limit(1)
      .select(sql<{ wanted: string; path: string }>`data`.as('data')),
  )
  if (!event) throw notFound()
  const { wanted, path } = event.data
  const [model, action, scope] = wanted.split(':')
  if (!model || !action) return { explanation: null, permission: null }
  const ids = findModel(model) && !scope ? path.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi) : null
  const question = { model, action, scope: parsePermission(wanted)?.scope }
  const me = { id: actor.userId }
  const found = await Promise.resolve(ids && explain(db, actor, me, { ...question, record: ids }, present))
    .then((about) => about ?? explain(db, actor, me, question, present))
    .catch((error) => {
      // refused by something else than a permission: a forged form, say
      if (error instanceof UnknownPermission) return null
      throw error
    })
  if (!found) return { explanation: null, permission: null }
  if (readsPermissions(actor)) return { explanation: found, permission: wanted }
  return { explanation: withoutNames(found), permission: null }
}

/**
 * Answers questions about the caller or somebody else, in their order.
 * @throws {Forbidden} about another user, without the right to read permissions
 * @throws {NotFound} for no such user
 * @throws {Invalid} at a question
 *   about an unknown permission, or about a record of what is no table
 */
export async function answersTo(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  { user = actor.userId, questions }: Questions,
) {
  if (user !== actor.userId && !readsPermissions(actor)) throw new Forbidden('permission:read')
  const answers = await check(db, actor, user, questions, present)
  if (!answers) throw notFound()
  const wrong = questions.flatMap(({ permission, record }, index) => {
    const [model = ''] = permission.split(':')
    const at = `questions.${index}`
    if (answers[index] === null) return [{ path: `${at}.permission`, message: 'doesn’t exist' }]
    if (record === undefined || findModel(model)) return []
    return [{ path: `${at}.record`, message: `is for models that are tables, and ${model} is none` }]
  })
  if (wrong.length) throw invalid(wrong)
  return questions.map(({ permission, record }, index) => ({
    permission,
    ...(record === undefined ? {} : { record }),
    allowed: answers[index] === true,
  }))
}

/** The name of a record and its page, for whoever may ask about it; null for what has no page of its own. */
export async function titleOf(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  { permission = '', record }: ExplainQuery,
): Promise<{ name: string; path: string } | null> {
  const resource = resourceOf(permission.slice(0, permission.indexOf(':')))
  const grant = resource && actor.find(resource.may('read'))
  if (!record || !grant) return null
  const name = (await namesOf(db, actor, resource, grant as never, [record])).get(record.toLowerCase())
  return name === undefined ? null : { name, path: pathsOf(resource.path).one(record) }
}

export type Choices = {
  permissions: string[]
  /** Whether other people may be asked about. */
  others: boolean
}

/** What the form offers: declared permissions; for whoever may ask about others also the organization's own. */
export async function choices(db: Pick<Door, 'readAs'>, actor: UserActor): Promise<Choices> {
  const declared = declaredActions().map(({ model, action }) => `${model}:${action}`)
  if (!readsPermissions(actor)) return { permissions: declared, others: false }
  const rows = await db.readAs(actor, (q) =>
    q
      .selectFrom('permissions')
      .where('builtin', '=', false)
      .select(sql<string>`model || ':' || action`.as('action'))
      .distinct()
      .orderBy('action'),
  )
  return { permissions: [...new Set([...declared, ...rows.map(({ action }) => action)])], others: true }
}
