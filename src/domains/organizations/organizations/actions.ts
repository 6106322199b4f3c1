import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Config } from '#src/config.ts'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { declaredAccess } from '#src/domains/organizations/organizations/access-actions.ts'
import type { NewOrganization, OrganizationChange } from '#src/domains/organizations/organizations/model.ts'
import { onPlatform, organizationJson } from '#src/domains/organizations/organizations/queries.ts'
import { conflict, Forbidden, notFound, stale } from '#src/errors.ts'
import type { SavedRecord } from '#src/resource/record/write.ts'

const CONFLICTS: Record<string, [field: string, message: string]> = {
  organizations_name: ['name', 'is already in use'],
  organizations_slug_key: ['slug', 'is already in use'],
  organizations_platform_active: ['status', 'of the platform organization can’t be changed'],
  accounts_username_key: ['owner_username', 'is already in use'],
  accounts_username_seen: ['owner_username', 'looks like one that is already in use'],
  accounts_email_key: ['owner_email', 'already has an account'],
}

/** Who reads organizations reads all that there are for them. */
const reads = (actor: UserActor) => actor.can('organization:read')

/** Runs one of the reviewed functions, which decide again by what holds now, and says at which field it failed. */
export async function asked<Row>(
  tx: Tx,
  wanted: string,
  statement: RawBuilder<Row>,
): Promise<Row | undefined> {
  try {
    return (await statement.execute(tx)).rows[0]
  } catch (error) {
    const { code, constraint = '' } = error as { code?: string; constraint?: string }
    if (code === '42501') throw new Forbidden(wanted)
    const known = code === '23505' || code === '23514' ? CONFLICTS[constraint] : undefined
    throw known ? conflict(...known) : error
  }
}

/** The hash of the owner's first password, made before the transaction that stores it. */
export async function ownerPassword(
  { owner_password: password, owner_username, owner_email, name }: NewOrganization,
  config: Config,
): Promise<string | null> {
  if (password === undefined) return null
  return hashChosen(config, password, [owner_username, owner_email, name], 'owner_password')
}

/** @throws {Forbidden} everywhere but in the platform organization */
export function requirePlatform(actor: UserActor, wanted: string): void {
  if (!onPlatform(actor)) throw new Forbidden(wanted, 'Only the platform organization can do this.')
}

/** Makes an organization with its built-in permissions and roles, and its owner, who is invited where they have no password. */
export async function createOrganization(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'organization', 'create'>,
  { name, slug, owner_username, owner_email }: NewOrganization,
  passwordHash: string | null,
): Promise<SavedRecord> {
  const wanted = `${grant.model}:${grant.action}`
  requirePlatform(actor, wanted)
  const owner = { username: owner_username, email: owner_email, password_hash: passwordHash }
  const made = await asked(
    tx,
    wanted,
    sql<Omit<SavedRecord, 'readable'>>`select id, doc as json, version
      from ${fn.create_organization({ title: name, place_slug: slug, owner, access: declaredAccess() })}`,
  )
  const { id, json, version } = made as SavedRecord
  if (passwordHash === null) await answer(tx, fn.invite_owner({ target: id }))
  return { id, json, version, readable: reads(actor) }
}

/** Changes what is named: anything from the platform, the own name elsewhere. */
export async function updateOrganization(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'organization', 'update'>,
  id: string,
  change: OrganizationChange,
  version: number | null,
): Promise<SavedRecord> {
  if (!onPlatform(actor)) return rename(tx, actor, grant, id, change, version)
  return written(tx, actor, grant, fn.update_organization({ target: id, change, seen: version }))
}

/** Suspends an organization, or lets it work again: from the platform alone, and never the platform itself. */
export async function toggleOrganization(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'organization', 'update'>,
  id: string,
  version: number | null,
): Promise<SavedRecord> {
  if (!onPlatform(actor) && id !== actor.orgId) throw notFound()
  requirePlatform(actor, `${grant.model}:${grant.action}`)
  return written(tx, actor, grant, fn.toggle_organization({ target: id, seen: version }))
}

/** What one of the functions that change an organization answers. */
async function written(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'organization', 'update'>,
  change: RawBuilder<unknown>,
): Promise<SavedRecord> {
  const done = await asked(
    tx,
    `${grant.model}:${grant.action}`,
    sql<SavedRecord & { stale: boolean }>`select id, doc as json, version, stale, unchanged from ${change}`,
  )
  if (!done) throw notFound()
  if (done.stale) throw stale(JSON.parse(done.json))
  const { stale: _, ...record } = done
  return { ...record, readable: reads(actor) }
}

async function rename(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'organization', 'update'>,
  id: string,
  { name, ...others }: OrganizationChange,
  version: number | null,
): Promise<SavedRecord> {
  const own = tx
    .selectFrom('organizations')
    .where('organizations.id', '=', id)
    .where(grant.where())
    .select(['organizations.id', 'organizations.version', organizationJson.as('json')])
  const was = await own.forUpdate().executeTakeFirst()
  if (!was) throw notFound()
  const record = JSON.parse(was.json)
  if (version !== null && version !== was.version) throw stale(record)
  const changes = (field: string, value: unknown) => JSON.stringify(value) !== JSON.stringify(record[field])
  if (Object.entries(others).some(([field, value]) => changes(field, value)))
    requirePlatform(actor, `${grant.model}:${grant.action}`)
  const readable = reads(actor)
  if (name === undefined || name === record.name) return { ...was, readable, unchanged: true }
  await asked(tx, 'organization:update', sql`update organizations set name = ${name} where id = ${id}`)
  return { ...(await own.executeTakeFirstOrThrow()), readable }
}
