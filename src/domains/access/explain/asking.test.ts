import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { ask, type Explained, set, stage, why } from '#tests/access/explaining.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeUser, openSession, sessionOf } from '#tests/factories.ts'
import { personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const { org, boss, target, north, sales, reader, names, person } = await stage()
const api = (path: string) => `/api/v1${path}`

describe('who may ask', () => {
  test('about oneself everybody who is signed in', async () => {
    const plain = await makeUser(org)
    expect(await why(plain, { permission: 'user:read' })).toMatchObject({ allowed: false, because: [] })
    expect((await why(person, { permission: 'user:read', record: target.id })).allowed).toBe(true)
    expect((await why(person, { user: person.id, permission: 'user:read' })).allowed).toBe(true)
    expect((await why(person, { user: person.username, permission: 'user:read' })).allowed).toBe(true)
  })

  test('about others who may read permissions, and read that person', async () => {
    const question = { user: target.id, permission: 'user:read' }
    await denied(person, 'permission:read', () => ask(person, question))
    const auditor = await personWith(org, ['permission:read:all'])
    await hidden(auditor, () => ask(auditor, question))
    const near = await personWith(org, ['permission:read:all', 'user:read:group'], {
      groups: [north],
    })
    expect((await why(near, question)).allowed).toBe(false)
    await hidden(near, () => ask(near, { ...question, user: boss.id }))
    const foreigner = await makeUser(await makeOrganization(), { roles: [] })
    await hidden(boss, () => ask(boss, { ...question, user: foreigner.id }), foreigner.org)
    await hidden(boss, () => ask(boss, { ...question, user: 'nobody-of-this-name' }))
  })

  test('by user name and address, in any spelling', async () => {
    for (const user of [target.username, target.email.toUpperCase(), ` ${target.username} `])
      expect((await why(boss, { user, permission: 'user:read' })).allowed).toBe(false)
  })

  test('only about records that they may read themselves', async () => {
    const question = { user: person.id, permission: 'user:read', record: boss.id }
    const near = await personWith(org, ['permission:read:all', 'user:read:group'], {
      groups: [sales],
    })
    await hidden(near, () => ask(near, question))
    expect((await why(boss, question)).allowed).toBe(false)
    await hidden(person, () => ask(person, { permission: 'user:read', record: boss.id }))
    await hidden(boss, () => ask(boss, { ...question, record: '00000000-0000-7000-8000-000000000000' }))
    const blind = await personWith(org, ['permission:read:all'])
    await hidden(blind, () => ask(blind, { permission: 'user:read', record: blind.id }))
  })

  test('and are told names only as far as they may read them', async () => {
    const found = await why(person, { permission: 'user:read', record: target.id })
    expect(found.because).toMatchObject([
      {
        role: names.clerk,
        inherited_through: [null],
        matched: { group_path: [names.sales, null] },
      },
    ])
    const auditor = await personWith(org, ['permission:read:all', 'user:read:all', 'group:read:all'])
    const seen = await ask(auditor, { user: person.id, permission: 'user:read', record: target.id })
    expect(seen.json<Explained>().because).toMatchObject([
      { role: null, inherited_through: [null], matched: { group_path: [names.sales, names.north] } },
    ])
    expect(seen.text).not.toContain(names.reader)
    const { missing } = await why(auditor, { user: person.id, permission: 'user:delete', record: target.id })
    expect(missing).toEqual({ permissions: ['user:delete:group', 'user:delete:all'], roles: [] })
    await set('roles', reader, { status: 'disabled' })
    expect(
      (await why(auditor, { user: person.id, permission: 'user:read', record: target.id })).asleep,
    ).toEqual(['A role that you don’t have access to is disabled.'])
    await set('roles', reader, { status: 'active' })
  })
})

describe('what is no record for anybody', () => {
  test('is none here either: a session that ended', async () => {
    const [open, over] = [
      await openSession(person, 'token'),
      await openSession(person, 'token', { ends: '-1 second' }),
    ]
    const found = async (token: string) => {
      const record = await sessionOf(token)
      const read = (await as(boss).get(api(paths.session(record)))).status
      const explained = (await ask(boss, { permission: 'session:read', record })).status
      const questions = [{ permission: 'session:read', record }]
      const { answers } = (await as(boss).post(api(paths.access.check), { questions })).json<{
        answers: { allowed: boolean }[]
      }>()
      return [read, explained, answers[0]?.allowed]
    }
    expect(await found(open)).toEqual([200, 200, true])
    expect(await found(over)).toEqual([404, 404, false])
  })

  test('nor is somebody from elsewhere, who may ask about themselves all the same', async () => {
    const superadmin = await makeSuperadmin()
    await entered(superadmin, org)
    const shadow = await owner
      .selectFrom('users')
      .where('shadow_of_user_id', '=', superadmin.id)
      .select('id')
      .executeTakeFirstOrThrow()
    for (const question of [{ user: shadow.id }, { record: shadow.id }])
      expect((await ask(boss, { permission: 'user:read', ...question })).status).toBe(404)
    const questions = [{ permission: 'user:read', record: shadow.id }]
    expect((await as(boss).post(api(paths.access.check), { questions })).text).toContain('"allowed":false')
    expect((await as(boss).post(api(paths.access.check), { user: shadow.id, questions })).status).toBe(404)
    expect(await why(superadmin, { permission: 'user:read', record: target.id })).toEqual({
      allowed: true,
      because: [
        {
          role: 'opened from the platform organization',
          inherited_through: [],
          permission: 'user:read:all',
          scope: 'all',
          matched: { column: null },
        },
      ],
    })
  })
})
