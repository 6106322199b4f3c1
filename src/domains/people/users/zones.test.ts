import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { as, browserOf, send, visitor } from '#tests/client.ts'
import { makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past } = await testDatabase()
const { org, owner, member, colleague } = await makePeople()

/** Somebody who sees everything, in a zone and a way of writing. */
async function boss(time_zone: string | null, locale: string | null = null): Promise<Person> {
  const person = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  await past.updateTable('users').set({ time_zone, locale }).where('id', '=', person.id).execute()
  return person
}
const stored = (person: Person) =>
  past.selectFrom('users').where('id', '=', person.id).select(['time_zone', 'locale']).executeTakeFirst()
const api = (path: string) => `/api${path}`

describe('a time zone', () => {
  test.each(['Asia/Kolkata', 'Asia/Calcutta', 'Europe/Kyiv', 'Europe/Kiev', 'America/Nuuk', 'UTC'])(
    'is taken as %s, and kept as it was chosen',
    async (time_zone) => {
      const answer = await as(owner).patch(api(paths.user(member.id)), { time_zone })
      expect(answer).toMatchObject({ status: 200 })
      expect(await stored(member)).toMatchObject({ time_zone })
      expect((await browserOf(owner).get(`${paths.user(member.id)}/edit`)).text).toContain(
        `<option value="${time_zone}" selected="">`,
      )
    },
  )

  test.each(['Mars/Base', 'CST', '+01:00', 'Europe/Vienna '.repeat(9)])('is not %j', async (time_zone) => {
    const answer = await as(owner).patch(api(paths.user(member.id)), { time_zone })
    expect(answer).toMatchObject({ status: 422 })
    expect(answer.json().errors?.map(({ path }) => path)).toEqual(['time_zone'])
  })

  test('can be left open again, by a program and by a form', async () => {
    await as(owner).patch(api(paths.user(member.id)), { time_zone: 'Europe/Vienna', locale: 'de-AT' })
    await as(owner).patch(api(paths.user(member.id)), { time_zone: null })
    expect(await stored(member)).toEqual({ time_zone: null, locale: 'de-AT' })
    const reader = await boss('Europe/Vienna', 'de-AT')
    await browserOf(reader).patch(paths.me, { time_zone: '', locale: '' })
    expect(await stored(reader)).toEqual({ time_zone: null, locale: null })
  })

  test('is chosen from a list, by region, with its offset', async () => {
    const { text } = await browserOf(owner).get(paths.me)
    expect(text).toMatch(/<optgroup label="Asia">.*<option value="Asia\/Kolkata">Kolkata \(UTC\+05:30\)/s)
    expect(text).toMatch(/<option value="de-AT">German \(Austria\): 30\. Nov\. 2026, 19:36</)
    expect(text).toContain('Default (UTC)')
  })
})

describe('times', () => {
  test.each([
    ['Asia/Kolkata', 'en-GB', '1 Dec 2026, 00:06 GMT+5:30'],
    ['Europe/Vienna', 'de-AT', '30. Nov. 2026, 19:36 MEZ'],
    [null, null, '30 Nov 2026, 18:36 UTC'],
  ])('are read in %s, written as %s', async (zone, locale, words) => {
    await past
      .updateTable('users')
      .set({ last_login_at: '2026-11-30T18:36:00Z' })
      .where('id', '=', colleague.id)
      .execute()
    const reader = await boss(zone, locale)
    const { text } = await browserOf(reader).get(paths.user(colleague.id))
    expect(text).toMatch(
      new RegExp(`<time datetime="2026-11-30T18:36:00[^"]*"[^>]*>${words.replace('+', '\\+')}</time>`),
    )
    expect(text).toContain(`data-zone="${zone ?? 'UTC'}"`)
  })

  test('follow a change of zone at once', async () => {
    const reader = await boss('Asia/Kolkata')
    const browser = browserOf(reader)
    expect((await browser.get(paths.user(colleague.id))).text).toContain('GMT+5:30')
    await browser.patch(paths.me, { time_zone: 'Europe/Vienna' })
    await expect
      .poll(async () => (await browser.get(paths.user(colleague.id))).text)
      .toContain('data-zone="Europe/Vienna"')
  })
})

describe('the zone of a browser', () => {
  const signedIn = async (person: Person, zone: string, language: string) => {
    const browser = visitor()
    browser.cookies.set('zone', encodeURIComponent(zone))
    const { status } = await browser.post(
      paths.login,
      { username: person.username, password: PASSWORD },
      { 'Accept-Language': language },
    )
    expect(status).toBe(303)
    return stored(person)
  }

  test('is kept at the first sign-in, with its language', async () => {
    const person = await makeUser(org)
    expect(await signedIn(person, 'Asia/Kolkata', 'de-AT,de;q=0.9')).toEqual({
      time_zone: 'Asia/Kolkata',
      locale: 'de-AT',
    })
    // what was chosen stays
    expect(await signedIn(person, 'Europe/Vienna', 'fr-FR')).toEqual({
      time_zone: 'Asia/Kolkata',
      locale: 'de-AT',
    })
  })

  test('is kept at the first sign-in alone: none is a choice as well', async () => {
    const person = await makeUser(org)
    await signedIn(person, 'Asia/Kolkata', 'de-AT')
    const none = { time_zone: null, locale: null }
    expect((await as(owner).patch(api(paths.user(person.id)), none)).status).toBe(200)
    expect(await signedIn(person, 'Asia/Kolkata', 'de-AT')).toEqual(none)
  })

  test.each([
    ['Mars/Base', '*'],
    ["'; drop table users; --", '!!, ;q=1'],
    ['', ''],
  ])('is nothing where it says %j and %j', async (zone, language) => {
    const person = await makeUser(org)
    expect(await signedIn(person, zone, language)).toEqual({ time_zone: null, locale: null })
  })
})

describe('a day', () => {
  const found = async (reader: Person, query: string) =>
    (await as(reader).get(api(`${paths.events}?sort=created_at&${query}`))).json<{
      data: { created_at: string }[]
    }>().data

  test('of the trail begins and ends in the reader’s zone', async () => {
    await past
      .insertInto('events')
      .values(
        ['2026-05-09T18:29:59Z', '2026-05-09T18:30:00Z', '2026-05-10T18:29:59Z', '2026-05-10T18:30:00Z'].map(
          (created_at) => ({
            org_id: org.id,
            actor_org_id: org.id,
            via: 'web',
            action: 'zone:test',
            target_type: 'user',
            target_id: colleague.id,
            created_at,
          }),
        ),
      )
      .execute()
    const days = 'action=zone:test&created_at.gte=2026-05-10&created_at.lte=2026-05-10'
    const [kolkata, utc] = [await boss('Asia/Kolkata'), await boss(null)]
    const times = async (reader: Person, query: string) =>
      (await found(reader, query)).map(({ created_at }) => new Date(created_at).toISOString())
    expect(await times(kolkata, days)).toEqual(['2026-05-09T18:30:00.000Z', '2026-05-10T18:29:59.000Z'])
    expect(await times(utc, days)).toEqual(['2026-05-10T18:29:59.000Z', '2026-05-10T18:30:00.000Z'])
    expect(await times(kolkata, 'action=zone:test&created_at=2026-05-10')).toHaveLength(2)
    expect(await times(kolkata, 'action=zone:test&created_at.gt=2026-05-10')).toEqual([
      '2026-05-10T18:30:00.000Z',
    ])
    expect(await times(kolkata, 'action=zone:test&created_at.lt=2026-05-10')).toEqual([
      '2026-05-09T18:29:59.000Z',
    ])
    // an instant is one, wherever it is read
    expect(await times(kolkata, 'action=zone:test&created_at.gt=2026-05-10T18:29:59Z')).toHaveLength(1)

    const page = await browserOf(kolkata).get(`${paths.events}?${days}`)
    expect(page.text).toContain('Days are in Asia/Kolkata time')
    expect(page.text).toContain('10 May 2026, 00:00 GMT+5:30')
    const csv = await as(kolkata).get(api(`${paths.events}?${days}`), { Accept: 'text/csv' })
    expect(csv.text.trim().split('\r\n')).toHaveLength(3)
    expect(csv.text).toMatch(/2026-05-09T18:30:00(\.0+)?(\+00:00|Z)/)
  })

  test('that a key ends on lasts until 24:00 there', async () => {
    const maker = await boss('America/New_York')
    const day = '2031-03-05'
    const made = await as(maker).post(api(paths.apiKeys), {
      name: 'k',
      permissions: ['user:read:all'],
      expires_at: day,
    })
    expect(made).toMatchObject({ status: 201 })
    const key = made.json<{ id: string; expires_at: string; version: number }>()
    expect(new Date(key.expires_at).toISOString()).toBe('2031-03-06T05:00:00.000Z')
    const form = await browserOf(maker).get(`${paths.apiKey(key.id)}/edit`)
    expect(form.text).toMatch(new RegExp(`value="${day}"`))
    expect(form.text).toContain('Until 24:00, America/New_York time')
  })

  test('and a time on the wall are meant where the giver of a role is', async () => {
    const giver = await boss('Asia/Kolkata')
    const target = await makeUser(org)
    const role_id = roleOf(org, 'viewer')
    await as(giver).post(api(paths.userRoles(target.id)), { role_id, expires_at: '2031-03-05T12:00' })
    const ends = async () =>
      past
        .selectFrom('user_roles')
        .where('user_id', '=', target.id)
        .where('role_id', '=', role_id)
        .select('expires_at')
        .executeTakeFirstOrThrow()
    expect(new Date(String((await ends()).expires_at)).toISOString()).toBe('2031-03-05T06:30:00.000Z')
    const form = await browserOf(giver).get(paths.user(target.id))
    expect(form.text).toContain('Asia/Kolkata time')
  })

  test('that a role in a file ends on lasts until 24:00 where who imports is', async () => {
    const giver = await boss('America/New_York')
    const name = unique('until')
    const answer = await send('/api/v1/users/import', {
      method: 'POST',
      body: `username,email,roles\n${name},${name}@example.com,viewer=2031-03-05\n`,
      headers: { Authorization: `Bearer ${giver.token}`, 'Content-Type': 'text/csv' },
    })
    expect(answer.json(), answer.text).toMatchObject({ imported: 1 })
    const found = await as(giver).get(api(`${paths.users}?q=${name}`))
    const [{ roles = [] } = {}] = found.json<{ data: { roles?: { expires_at: string }[] }[] }>().data
    expect(roles.map(({ expires_at }) => new Date(expires_at).toISOString())).toEqual([
      '2031-03-06T05:00:00.000Z',
    ])
  })
})
