import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import type { Effect } from '#src/access/effect.ts'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, permissionOf, roleOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
const rounds = process.env.AMBIT_LONG === '1' ? 500 : 25

test(`what was tried is what the rights say afterwards (AMBIT_SEED=${first})`, async () => {
  const org = await makeOrganization()
  const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  const save = (changes: object[], more = {}) =>
    as(boss).post(`/api/v1${paths.access.matrix}`, { changes, ...more })
  const next = random(first)
  const pick = <V>(list: readonly V[]) => list[Math.floor(next() * list.length)] as V
  const codes = ['user:read:own', 'user:read:all', 'event:read:own', 'session:read:own', 'group:read:all']
  const roles: string[] = []
  for (let i = 0; i < 6; i++)
    roles.push(
      await makeRole(org, {
        permissions: codes.filter(() => next() < 0.3),
        parents: roles.filter(() => next() < 0.3),
      }),
    )
  for (let i = 0; i < 10; i++) await makeUser(org, { roles: roles.filter(() => next() < 0.3) })
  const rights = async () => {
    const { rows } = await sql<{ id: string; codes: string[] }>`
      select id, array(select jsonb_array_elements_text(app.rights(org_id, id) -> 'permissions')) as codes
      from users where org_id = ${org.id}`.execute(owner)
    return new Map(rows.map(({ id, codes }) => [id, codes]))
  }
  for (let round = 0; round < rounds; round++) {
    const changes = Array.from({ length: 1 + Math.floor(next() * 4) }, () => ({
      role_id: pick(roles),
      permission_id: permissionOf(org, pick(codes)),
      held: next() < 0.5,
    }))
    const tried = await save(changes, { dry_run: true })
    const before = await rights()
    const saved = await save(changes)
    expect(saved.text, `round ${round}`).toBe(tried.text)
    const after = await rights()
    const { effects } = saved.json<{ effects: Effect[] }>()
    for (const code of codes) {
      const found = effects.find(({ permission }) => permission === code)
      const differ = (one: typeof before, other: typeof before) =>
        [...one]
          .filter(([id, has]) => has.includes(code) && !other.get(id)?.includes(code))
          .map(([id]) => id)
          .sort()
      const said = (side: 'gains' | 'loses') => found?.[side].users.map(({ id }) => id).sort() ?? []
      expect([said('gains'), said('loses')], `${code} in round ${round}`).toEqual([
        differ(after, before),
        differ(before, after),
      ])
    }
  }
})
