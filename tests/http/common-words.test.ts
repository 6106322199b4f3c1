import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { as } from '#tests/client.ts'
import { makeOrganization } from '#tests/factories.ts'
import { personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
type Found = { data: { username: string }[]; page: { total: number; next: string | null } }

/** More entries of a word than are looked up, behind more rows than are walked. */
const [BEFORE, WITH] = [3200, 5200]

test('a word that many have is found in every order, however far its records lie apart', async () => {
  const org = await makeOrganization()
  const reader = await personWith(org, ['user:read:all'], { first_name: 'Aaron', last_name: 'Aalto' })
  await sql`insert into users (org_id, username, email, last_name)
    select ${org.id}, 'u' || n, 'u' || n || '@example.com', case when n <= ${BEFORE} then 'Mid' else 'Zulu' end
    from generate_series(1, ${BEFORE + WITH}) n`.execute(owner)
  const find = async (query: string) => (await as(reader).get(`/api/users?${query}`)).json<Found>()
  const { rows } = await sql<{ username: string }>`select username from users
    where org_id = ${org.id} and last_name = 'Zulu' order by sort_name, id`.execute(owner)
  const names = rows.map(({ username }) => username)
  const seen: string[] = []
  // from the front nothing is near, from the back everything
  let page = await find('q=zul&sort=name&limit=200')
  expect(page.page.total).toBe(WITH)
  for (let turn = 0; turn < 3; turn++) {
    seen.push(...page.data.map(({ username }) => username))
    page = await find(`q=zul&sort=name&limit=200&after=${page.page.next}`)
  }
  expect(seen).toEqual(names.slice(0, 600))
  const last = await find('q=zul&sort=-name')
  expect(last.data.map(({ username }) => username)).toEqual(names.toReversed().slice(0, 25))
  expect((await find('q=zul%20mid')).page.total).toBe(0)
  const file = await as(reader).get('/api/users?q=zul&format=csv')
  expect(file.text.trim().split('\r\n')).toHaveLength(WITH + 1)
}, 60_000)
