import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import { effectOf } from '#src/access/effect.ts'
import type { Tx } from '#src/db/database.ts'
import { actorOf } from '#tests/access/actors.ts'
import {
  assign,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  roleOf,
} from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db } = await testDatabase()

const status = (tx: Tx, table: 'roles' | 'permissions', id: string, to: string) =>
  tx.updateTable(table).set({ status: to }).where('id', '=', id).execute()

describe('for changes by chance', () => {
  const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
  const codes = ['user:read:own', 'user:read:all', 'event:read:own', 'session:read:own', 'role:read:all']

  /** What each active person has, by the function that requests go by. */
  async function held(tx: Tx | Kysely<never>, place: Organization): Promise<Map<string, Set<string>>> {
    const { rows } = await sql<{ id: string; codes: string[] }>`
      select id, array(select jsonb_array_elements_text(app.rights_of(id) -> 'permissions')) as codes
      from users where org_id = ${place.id} and status = 'active' and deleted_at is null`.execute(tx as Tx)
    return new Map(rows.map(({ id, codes }) => [id, new Set(codes)]))
  }

  test(`it is what the rights say before and after (AMBIT_SEED=${first})`, async () => {
    for (let seed = first; seed < first + 8; seed++) {
      const next = random(seed)
      const below = (count: number) => Math.floor(next() * count)
      const pick = <V>(list: readonly V[]) => list[below(list.length)] as V
      const place = await makeOrganization()
      const by = await actorOf(await makeUser(place, { roles: [roleOf(place, 'owner')] }))
      const roles: string[] = []
      for (let i = 0; i < 6; i++)
        roles.push(
          await makeRole(place, {
            permissions: codes.filter(() => next() < 0.3),
            parents: roles.filter(() => next() < 0.3),
            status: next() < 0.15 ? 'disabled' : 'active',
          }),
        )
      for (let i = 0; i < 8; i++) {
        const { id } = await makeUser(place, { status: pick(['active', 'active', 'disabled'] as const) })
        await assign(
          place,
          id,
          ...roles
            .filter(() => next() < 0.3)
            .map((role) => (next() < 0.15 ? { id: role, expires: '-1 day' } : role)),
        )
      }
      for (let round = 0; round < 12; round++) {
        const role = pick(roles)
        const code = permissionOf(place, pick(codes))
        const kind = below(5)
        const what = `seed ${seed}, round ${round}, kind ${kind}`
        await db.withActor(by, async (tx) => {
          const before = await held(tx, place)
          const { effects } = await effectOf(tx, by, [role], async () => {
            if (kind === 0)
              await tx
                .insertInto('role_permissions')
                .values({ role_id: role, permission_id: code })
                .onConflict((on) => on.doNothing())
                .execute()
            if (kind === 1)
              await tx
                .deleteFrom('role_permissions')
                .where('role_id', '=', role)
                .where('permission_id', '=', code)
                .execute()
            if (kind === 2) await status(tx, 'roles', role, pick(['active', 'disabled']))
            if (kind === 3) await status(tx, 'permissions', code, pick(['active', 'disabled']))
            if (kind === 4) await tx.deleteFrom('role_parents').where('role_id', '=', role).execute()
          })
          const after = await held(tx, place)
          const ids = (one: typeof before, other: typeof before, permission: string) =>
            [...one]
              .filter(([id, has]) => has.has(permission) && !other.get(id)?.has(permission))
              .map(([id]) => id)
              .sort()
          for (const permission of codes) {
            const found = effects.find((effect) => effect.permission === permission)
            const [gain, lose] = [ids(after, before, permission), ids(before, after, permission)]
            expect(found?.gains.users.map(({ id }) => id).sort() ?? [], what).toEqual(gain)
            expect(found?.loses.users.map(({ id }) => id).sort() ?? [], what).toEqual(lose)
            expect([found?.gains.count ?? 0, found?.loses.count ?? 0], what).toEqual([
              gain.length,
              lose.length,
            ])
          }
        })
      }
    }
  })
})
