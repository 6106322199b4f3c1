import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import {
  arrives,
  browserIn,
  enter,
  entered,
  makeSuperadmin,
  placeOf,
  REASON,
} from '#tests/access/entering.ts'
import { denied, hidden, recorded, trail } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeOrganization,
  makeUser,
  type Organization,
  platformOrganization,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let people: People
let platform: Organization
let superadmin: Person
beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
})
beforeEach(async () => {
  superadmin = await makeSuperadmin()
})

const sessionRow = async (token: string) =>
  owner
    .selectFrom('sessions')
    .where('id', '=', await sessionOf(token))
    .selectAll()
    .executeTakeFirstOrThrow()
const shadowsIn = (org: Organization, of = superadmin) =>
  owner
    .selectFrom('users')
    .where('org_id', '=', org.id)
    .where('shadow_of_user_id', '=', of.id)
    .selectAll()
    .execute()

const ways: [string, 'api' | 'web', (by: Person, id: string, reason?: string) => Promise<Answer>][] = [
  ['as JSON', 'api', enter],
  [
    'as a form',
    'web',
    (by, id, reason = REASON) => browserOf(by).post(paths.enterOrganization(id), { reason }),
  ],
]

describe.each(ways)('entering another organization (%s)', (_, via, go) => {
  test('moves this session alone, and stands in both trails with its reason', async () => {
    const [mine, other] =
      via === 'api' ? [superadmin.token, superadmin.cookie] : [superadmin.cookie, superadmin.token]
    const before = await sessionRow(mine)
    const answer = await go(superadmin, people.org.id)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 204)
    const [shadow] = await shadowsIn(people.org)
    const now = await sessionRow(mine)
    expect(now).toMatchObject({
      org_id: people.org.id,
      user_id: shadow?.id,
      account_id: superadmin.accountId,
      home_org_id: platform.id,
      home_user_id: superadmin.id,
      home_expires_at: before.expires_at,
    })
    expect(shadow).toMatchObject({
      account_id: null,
      username: superadmin.username,
      shadow_of_org_id: platform.id,
    })
    expect(await sessionRow(other)).toMatchObject({ org_id: platform.id, home_org_id: null })
    const line = {
      action: 'organization:enter',
      target_id: people.org.id,
      reason: REASON,
      data: { session: now.id, user: shadow?.id },
    }
    expect(await recorded(superadmin, answer, via)).toMatchObject([line])
    const theirs = await trail(people.org, { request: answer.headers.get('x-request-id') as string })
    expect(theirs.map(({ action }) => action)).toEqual(['user:create', 'organization:enter'])
    for (const one of theirs)
      expect(one).toMatchObject({ actor_org_id: platform.id, actor_user_id: superadmin.id, via })
    expect(theirs[1]).toMatchObject(line)
  })

  test('is refused to the platform’s other people, and hidden from everybody elsewhere', async () => {
    const staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
    const looker = await personWith(platform, ['organization:read:all', 'organization:update:all'])
    for (const who of [staff, looker, people.colleague])
      await denied(who, 'organization:enter', () => go(who, people.foreigner.org.id))
    const before = await rowsOf(people.foreigner.org.id)
    await hidden(people.owner, () => go(people.owner, people.foreigner.org.id), people.foreigner.org)
    await hidden(people.owner, () => go(people.owner, platform.id), platform)
    await denied(people.owner, 'organization:enter', () => go(people.owner, people.org.id))
    await hidden(superadmin, () => go(superadmin, '00000000-0000-7000-8000-000000000000'))
    expect(await rowsOf(people.foreigner.org.id)).toEqual(before)
  })

  test('takes a reason', async () => {
    for (const reason of ['', ' ', 'x'.repeat(501)]) {
      const answer = await go(superadmin, people.org.id, reason)
      expect(answer.status).toBe(422)
      expect(answer.text).toContain('reason')
    }
    expect(await shadowsIn(people.org)).toEqual([])
  })

  test('is not for the platform organization itself', async () => {
    expect((await go(superadmin, platform.id)).status).toBe(409)
  })
})

describe('somebody who entered', () => {
  test('is in that organization alone, may do everything there, and can’t enter another from there', async () => {
    await entered(superadmin, people.org)
    const me = (await as(superadmin).get(api(paths.auth.me))).json<{ permissions: string[] }>()
    expect(me.permissions).toEqual([...people.org.permissions.keys()].sort())
    expect((await as(superadmin).get(api(paths.user(people.member.id)))).status).toBe(200)
    await hidden(
      superadmin,
      () => as(superadmin).get(api(paths.user(people.foreigner.id))),
      people.foreigner.org,
    )
    const organizations = (await as(superadmin).get(api(paths.organizations))).json<{
      data: { id: string }[]
    }>()
    expect(organizations.data.map(({ id }) => id)).toEqual([people.org.id])
    for (const id of [people.foreigner.org.id, people.org.id, platform.id])
      expect((await enter(superadmin, id)).status).toBe(409)
    expect(await placeOf(superadmin)).toBe(people.org.id)
  })

  test('has only what is active there', async () => {
    const org = await makeOrganization()
    await entered(superadmin, org)
    await owner
      .updateTable('permissions')
      .set({ status: 'disabled' })
      .where('org_id', '=', org.id)
      .where('model', '=', 'user')
      .execute()
    await expect
      .poll(async () => (await as(superadmin).get(api(paths.users))).status, { timeout: 1000, interval: 5 })
      .toBe(403)
  })

  test('is named in the trail by who they really are, and by the shadow in rows', async () => {
    await entered(superadmin, people.org)
    const [shadow] = await shadowsIn(people.org)
    const username = unique('made')
    const answer = await as(superadmin).post(api(paths.users), { username, email: `${username}@example.com` })
    expect(answer.status, answer.text).toBe(201)
    const made = answer.json<{ id: string }>().id
    const lines = await trail(people.org, { request: answer.headers.get('x-request-id') as string })
    expect(lines.map(({ action }) => action).sort()).toEqual(['invitation:create', 'user:create'])
    for (const line of lines)
      expect(line).toMatchObject({ actor_org_id: platform.id, actor_user_id: superadmin.id, via: 'api' })
    expect(lines.find(({ action }) => action === 'user:create')?.target_id).toBe(made)
    const row = await owner.selectFrom('users').where('id', '=', made).select('created_by').executeTakeFirst()
    expect(row?.created_by).toBe(shadow?.id)
  })

  test('is told so on every page, in words that are text', async () => {
    const org = await makeOrganization(`<b>Acme</b> ${unique('x')}`)
    const browser = await browserIn(superadmin, org)
    for (const path of [paths.home, paths.users, paths.me, '/nowhere']) {
      const page = await browser.get(path)
      expect(page.text).toContain('You’re in &lt;b&gt;Acme&lt;/b&gt;')
      expect(page.text).toContain(`action="${paths.leaveOrganization}"`)
    }
    expect((await browserOf(await makeSuperadmin()).get(paths.home)).text).not.toContain('class="banner"')
  })

  test('writes nothing by a page from before, nor afterwards by one from there', async () => {
    const stale = browserOf(superadmin)
    const browser = await browserIn(superadmin, people.org)
    const form = { username: unique('stale'), email: `${unique('stale')}@example.com` }
    expect((await stale.post(paths.users, form)).status).toBe(403)
    expect((await browser.post(paths.users, form)).status).toBe(303)
    expect((await browser.post(paths.leaveOrganization)).status).toBe(303)
    expect((await browser.post(paths.users, form)).status).toBe(403)
    const { rows } = await sql`select org_id from users where username = ${form.username}`.execute(owner)
    expect(rows).toEqual([{ org_id: people.org.id }])
  })

  test('gets a whole page where a page from before asks for a part of itself', async () => {
    const stale = browserOf(superadmin)
    const part = (browser: typeof stale) =>
      browser.get(paths.users, { 'HX-Request-Type': 'partial', 'X-CSRF-Token': browser.formToken })
    expect((await part(stale)).text).not.toContain('<body')
    const browser = await browserIn(superadmin, people.org)
    expect((await part(browser)).text).not.toContain('<body')
    expect((await part(stale)).text).toContain('class="banner"')
  })

  test('is out after eight hours at the latest, and not at home again', async () => {
    await entered(superadmin, people.org)
    const { expires_at } = await sessionRow(superadmin.token)
    const left = Date.parse(expires_at) - Date.now()
    expect(left).toBeGreaterThan(7.9 * 3_600_000)
    expect(left).toBeLessThan(8.1 * 3_600_000)
    await owner
      .updateTable('sessions')
      .set({ expires_at: sql`now()` })
      .where('id', '=', await sessionOf(superadmin.token))
      .execute()
    await arrives(superadmin, 401)
  })

  test('has one shadow for however many visits, under the name of now', async () => {
    for (const first_name of ['Petra', 'Paula']) {
      await owner.updateTable('users').set({ first_name }).where('id', '=', superadmin.id).execute()
      await entered(superadmin, people.org)
      await as(superadmin).post(api(paths.leaveOrganization))
      expect(await placeOf(superadmin)).toBe(platform.id)
    }
    expect((await shadowsIn(people.org)).map(({ first_name }) => first_name)).toEqual(['Paula'])
  })
})

describe('leaving', () => {
  const leave: [string, 'api' | 'web'][] = [
    ['as JSON', 'api'],
    ['as a form', 'web'],
  ]
  test.each(leave)('gives the session back as it was, and stands in both trails (%s)', async (_, via) => {
    const token = via === 'api' ? superadmin.token : superadmin.cookie
    const before = await sessionRow(token)
    const browser = via === 'web' ? await browserIn(superadmin, people.org) : null
    if (!browser) await entered(superadmin, people.org)
    const answer = await (browser
      ? browser.post(paths.leaveOrganization)
      : as(superadmin).post(api(paths.leaveOrganization)))
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 204)
    const { org_id, user_id, expires_at, home_org_id, home_user_id, home_expires_at } =
      await sessionRow(token)
    expect({ org_id, user_id, expires_at }).toEqual({
      org_id: platform.id,
      user_id: superadmin.id,
      expires_at: before.expires_at,
    })
    expect([home_org_id, home_user_id, home_expires_at]).toEqual([null, null, null])
    const line = { action: 'organization:leave', target_id: people.org.id, data: { session: before.id } }
    expect(await recorded(superadmin, answer, via)).toMatchObject([line])
    const theirs = await trail(people.org, { request: answer.headers.get('x-request-id') as string })
    expect(theirs).toMatchObject([{ ...line, actor_org_id: platform.id, actor_user_id: superadmin.id }])
    if (!browser) expect(await placeOf(superadmin)).toBe(platform.id)
  })

  test('is a conflict for whoever is at home, and nothing for visitors', async () => {
    for (const who of [superadmin, people.owner]) {
      const before = await sessionRow(who.token)
      expect((await as(who).post(api(paths.leaveOrganization))).status).toBe(409)
      expect(await sessionRow(who.token)).toEqual(before)
    }
    expect((await anonymous().post(api(paths.leaveOrganization))).status).toBe(401)
  })

  test('by signing out ends the session', async () => {
    await entered(superadmin, people.org)
    expect((await as(superadmin).post(api(paths.auth.logout))).status).toBe(204)
    await arrives(superadmin, 401)
  })
})

describe('a suspended organization', () => {
  test('lets in the platform, whose session outlives the suspension, and nobody else', async () => {
    const org = await makeOrganization()
    const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const [early, late] = [superadmin, await makeSuperadmin()]
    await entered(early, org)
    await owner.updateTable('organizations').set({ status: 'suspended' }).where('id', '=', org.id).execute()
    await arrives(chief, 401)
    expect(await placeOf(early)).toBe(org.id)
    await entered(late, org)
    expect((await as(late).get(api(paths.users))).text).toContain(chief.username)
  })
})
