import { describe, expect, test } from 'vitest'
import { as, browserOf, type Problem, versionOf } from '#tests/client.ts'
import { makeGroup, makeUser, roleOf } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { owner, org } = await makePeople()
const program = as(owner)

async function someone() {
  const { id } = await makeUser(org, { first_name: 'Before', last_name: 'Now' })
  const path = `/api/users/${id}`
  const answer = await program.get(path)
  return { id, path, etag: answer.headers.get('etag') as string, version: versionOf(answer) }
}
const nameOf = async (id: string) =>
  (await past.selectFrom('users').select('first_name').where('id', '=', id).executeTakeFirstOrThrow())
    .first_name

describe('a record that is unchanged', () => {
  test.each([
    ['its tag', (etag: string) => etag, 304],
    ['its tag, weak', (etag: string) => `W/${etag}`, 304],
    ['one of several', (etag: string) => `"99", ${etag}`, 304],
    ['any', () => '*', 304],
    ['another', () => '"99"', 200],
    ['its version alone', (etag: string) => etag.replace(/-.*/, '"'), 200],
    ['without its quotation marks', (etag: string) => etag.slice(1, -1), 200],
    ['nonsense', () => '"', 200],
  ])('If-None-Match with %s', async (_, header, status) => {
    const { path, etag } = await someone()
    const answer = await program.get(path, { 'If-None-Match': header(etag) })
    expect([answer.status, answer.headers.get('etag')]).toEqual([status, etag])
    expect(answer.text === '').toBe(status === 304)
  })

  test('has another tag after every change, also of what is attached', async () => {
    const { id, path, etag } = await someone()
    const changed = await program.patch(path, { first_name: 'After' })
    expect(changed.headers.get('etag')).not.toBe(etag)
    const role = org.roles.get('guest') as string
    await past.insertInto('user_roles').values({ org_id: org.id, user_id: id, role_id: role }).execute()
    expect((await program.get(path)).headers.get('etag')).not.toBe(changed.headers.get('etag'))
  })

  test('is kept by nobody but who asked', async () => {
    const { path } = await someone()
    const answer = await program.get(path)
    expect(answer.headers.get('cache-control')).toBe('private, no-cache')
  })
})

describe('a change', () => {
  test.each([
    ['of the version that was seen', ({ etag }: { etag: string }) => etag, 200],
    ['of its version alone', ({ version }: { version: number }) => `"${version}"`, 200],
    [
      'of its version, of which somebody else saw more',
      ({ version }: { version: number }) => `"${version}-${'0'.repeat(32)}"`,
      200,
    ],
    ['of one of several', ({ etag }: { etag: string }) => `"0", "x", ${etag}`, 200],
    [
      'of one of several, in another order',
      ({ version }: { version: number }) => `"${version}", W/"99-a"`,
      200,
    ],
    ['of several, none of them its', () => '"0", "99"', 412],
    ['with a proxy’s weak tag', ({ etag }: { etag: string }) => `W/${etag}`, 200],
    ['of any version', () => '*', 200],
    ['of an older version', () => '"0"', 412],
    ['of no version', () => 'nonsense', 412],
    ['of a number', ({ version }: { version: number }) => String(version), 412],
    ['of a version too large', () => '"99999999999999999999"', 412],
  ] as const)('If-Match %s', async (_, header, status) => {
    const was = await someone()
    const answer = await program.patch(was.path, { first_name: 'After' }, { 'If-Match': header(was) })
    expect(answer.status).toBe(status)
    expect(await nameOf(was.id)).toBe(status === 200 ? 'After' : 'Before')
  })

  test('that is too late gets the row as it stands, and goes through with its version', async () => {
    const { id, path, etag } = await someone()
    await program.patch(path, { first_name: 'Theirs' })
    const late = await program.put(path, { ...(await whole(id)), first_name: 'Mine' }, { 'If-Match': etag })
    expect(late.status).toBe(412)
    const { current, title } = late.json<Problem & { current: { first_name: string; version: number } }>()
    expect([title, current.first_name]).toEqual(['Changed meanwhile', 'Theirs'])
    const again = await program.patch(path, { first_name: 'Mine' }, { 'If-Match': `"${current.version}"` })
    expect(again.status).toBe(200)
    expect(versionOf(again)).toBe(current.version + 1)
  })

  const whole = async (id: string) => {
    const { username, email, first_name, last_name, locale, time_zone, status } = (
      await program.get(`/api/users/${id}`)
    ).json<Record<string, string>>()
    return { username, email, first_name, last_name, locale, time_zone, status }
  }

  test('by fifty at once of one version: one goes through, the others are too late', async () => {
    const { id, path, etag } = await someone()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        program.patch(path, { first_name: `Racer ${n}` }, { 'If-Match': etag }),
      ),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(49)
    expect(await nameOf(id)).toBe(won[0]?.json<{ first_name: string }>().first_name)
    const events = await past
      .selectFrom('events')
      .select('id')
      .where('target_id', '=', id)
      .where('action', '=', 'user:update')
      .execute()
    expect(events).toHaveLength(1)
  })

  test('deleting minds the version, too', async () => {
    const { path, etag } = await someone()
    expect((await program.delete(path, undefined, { 'If-Match': '"0"' })).status).toBe(412)
    expect((await program.delete(path, undefined, { 'If-Match': etag })).status).toBe(204)
    expect((await program.delete(path)).status).toBe(404)
  })
})

describe('a form', () => {
  test('that is too late shows both versions, and offers the newer one as its base', async () => {
    const { id, path, version } = await someone()
    await program.patch(path, { first_name: 'Theirs <b>' })
    const late = await browserOf(owner).patch(`/users/${id}`, {
      first_name: 'Mine <i>',
      version: String(version),
    })
    expect(late.status).toBe(412)
    expect(late.text).toContain('Mine &lt;i&gt;')
    expect(late.text).toContain('Theirs &lt;b&gt;')
    expect(late.text).toContain(`name="version" value="${version + 1}"`)
    expect(await nameOf(id)).toBe('Theirs <b>')
    const chosen = await browserOf(owner).patch(`/users/${id}`, {
      first_name: 'Mine',
      version: String(version + 1),
    })
    expect(chosen.status).toBe(303)
    expect(await nameOf(id)).toBe('Mine')
  })

  test('that is too late names who came first, where one may see them', async () => {
    const colleague = await makeUser(org, { roles: [roleOf(org, 'owner')], last_name: 'Kim' })
    const blind = await personWith(org, ['group:read:all', 'group:update:all'])
    const id = await makeGroup(org)
    await as(colleague).patch(`/api/groups/${id}`, { description: 'Theirs' })
    const late = { description: 'Mine', version: '1' }
    const said = async (by: Person) => {
      const { status, text } = await browserOf(by).patch(`/groups/${id}`, late)
      return [status, /<p class="error-summary-title">(.*?) changed this <time/.exec(text)?.[1]]
    }
    expect(await said(owner)).toEqual([412, 'Kim'])
    expect(await said(blind)).toEqual([412, 'Someone'])
    expect(await said(colleague)).toEqual([412, 'You'])
  })

  test.each(['nonsense', '-1', '1e3', '', '0x10'])('with the version “%s” is too late', async (version) => {
    const { id } = await someone()
    expect((await browserOf(owner).patch(`/users/${id}`, { first_name: 'Mine', version })).status).toBe(412)
  })

  test('that is wrong comes again with what was entered, and says what is wrong where', async () => {
    const { id } = await someone()
    const answer = await browserOf(owner).patch(`/users/${id}`, {
      first_name: 'Kept "as" <entered>',
      locale: 'Klingon!',
    })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('value="Kept &quot;as&quot; &lt;entered&gt;"')
    expect(answer.text).toContain('value="Klingon!"')
    expect(answer.text).toMatch(/href="#locale">Language[^:]*: Choose a language/)
    expect(await nameOf(id)).toBe('Before')
  })

  test('for a new person keeps all but the password', async () => {
    const entered = { username: 'a b', email: 'nobody', first_name: 'Kept', password: 'Secret-Secret-7' }
    const answer = await browserOf(owner).post('/users', entered)
    expect(answer.status).toBe(422)
    for (const kept of ['a b', 'nobody', 'Kept']) expect(answer.text).toContain(`value="${kept}"`)
    expect(answer.text).not.toContain(entered.password)
  })

  test('with a name that is taken says so at the field', async () => {
    const answer = await browserOf(owner).post('/users', {
      username: owner.username,
      email: 'free@example.com',
    })
    expect(answer.status).toBe(409)
    expect(answer.text).toMatch(/href="#username">User name is already in use/)
    expect(
      (await program.post('/api/users', { username: owner.username, email: 'free@example.com' })).status,
    ).toBe(409)
  })
})
