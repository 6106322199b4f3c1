import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Answer } from '#tests/client.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

/** One line of the audit trail, as tests look at it. */
export type Line = {
  action: string
  actor_org_id: string | null
  actor_user_id: string | null
  via: string
  request_id: string | null
  ip: string | null
  reason: string | null
  target_type: string
  target_id: string | null
  data: { before?: Record<string, unknown>; after?: Record<string, unknown>; wanted?: string; path?: string }
}

/** The trail of an organization, the oldest first; of one record, or of one request. */
export async function trail(
  org: { id: string },
  where: { target?: string; request?: string } = {},
): Promise<Line[]> {
  let query = owner.selectFrom('events').where('org_id', '=', org.id).orderBy('created_at').orderBy('id')
  if (where.target) query = query.where('target_id', '=', where.target)
  if (where.request) query = query.where('request_id', '=', where.request)
  return (await query.selectAll().execute()) as unknown as Line[]
}

/** What a request left in the trail, with who and how on every line. */
export async function recorded(actor: Person, answer: Answer, via: 'api' | 'web'): Promise<Line[]> {
  const request = answer.headers.get('x-request-id')
  expect(request).toMatch(/^[0-9a-f-]{36}$/)
  const lines = await trail(actor.org, { request: request as string })
  for (const line of lines) {
    expect(line).toMatchObject({
      actor_org_id: actor.org.id,
      actor_user_id: actor.id,
      via,
      ip: '192.0.2.7',
    })
  }
  return lines
}

const TABLES = [
  'users',
  'user_roles',
  'groups',
  'group_members',
  'roles',
  'role_parents',
  'role_permissions',
  'permissions',
  'sessions',
  'invitations',
  'search_words',
]

/** A digest of every row that an organization has, and of the accounts behind; the trail left out. */
export async function state(org: { id: string }): Promise<Record<string, string>> {
  const digest = (table: string) =>
    sql`(select md5(coalesce(string_agg(to_jsonb(t)::text, ';' order by to_jsonb(t)::text), ''))
      from ${sql.table(table)} t where org_id = ${org.id})`
  const accounts = sql`(select md5(coalesce(string_agg(to_jsonb(a)::text, ';' order by a.id), '')) from accounts a
    where managed_by_org_id = ${org.id} or id in (select account_id from users where org_id = ${org.id}))`
  const parts = TABLES.map((table) => sql`${sql.lit(table)}, ${digest(table)}`)
  const { rows } = await sql<{ state: Record<string, string> }>`
    select jsonb_build_object('accounts', ${accounts}, ${sql.join(parts)}) as state`.execute(owner)
  return rows[0]?.state ?? {}
}

/** Somebody without the right tries: 403, the trail has it, and nothing else changed. */
export async function denied(actor: Person, wanted: string, attempt: () => Promise<Answer>, org = actor.org) {
  const before = await state(org)
  const answer = await attempt()
  expect(answer.status, answer.text.slice(0, 300)).toBe(403)
  const lines = await trail(actor.org, { request: answer.headers.get('x-request-id') as string })
  expect(lines).toMatchObject([
    { action: 'access:denied', actor_user_id: actor.id, actor_org_id: actor.org.id, data: { wanted } },
  ])
  expect(await state(org)).toEqual(before)
  if (wanted.includes(':')) expect(answer.text).not.toContain(wanted)
  return answer
}

/** Somebody asks for what they can't see: 404, as for what never was, and nothing changed or was recorded. */
export async function hidden(actor: Person, attempt: () => Promise<Answer>, org = actor.org) {
  const before = await state(org)
  const answer = await attempt()
  expect(answer.status, answer.text.slice(0, 300)).toBe(404)
  expect(await trail(actor.org, { request: answer.headers.get('x-request-id') as string })).toEqual([])
  expect(await state(org)).toEqual(before)
  return answer
}
