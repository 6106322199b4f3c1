import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { state, trail } from '#tests/access/trail.ts'
import { codeOf, withFactor } from '#tests/accounts/factors.ts'
import { accountOf, securityEvents } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as, browserOf, visitor } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { accept, invitedBy, storedInvitation, tokenFor, userAt } from '#tests/people/invitations/inviting.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
const org = await makeOrganization(`Käse & “Söhne” ${unique('')}`)
const admin = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada', last_name: 'Admin' })
const member = roleOf(org, 'member')
const group = await makeGroup(org, { kind: 'warehouse' })
const elsewhere = await makeOrganization()
const NEXT = 'Battery-Staple-8'

const api = (path: string) => `/api/v1${path}`
const signsIn = async (username: string, password = PASSWORD, organization?: string) =>
  (await anonymous().post(api(paths.auth.login), { username, password, organization })).status
const linesOf = async (answer: Answer) =>
  trail(org, { request: answer.headers.get('x-request-id') as string })

describe('accepting an invitation', () => {
  test('makes a user with what was given, and an account that signs in', async () => {
    const given = await invitedBy(admin, { role_ids: [member], group_id: group })
    expect(await userAt(org, given.email)).toBeNull()
    const answer = await accept(given.token, { first_name: 'Nina', last_name: 'Nord' })
    expect(answer.status, answer.text).toBe(201)
    const user = await userAt(org, given.email)
    expect(user).toMatchObject({
      status: 'active',
      first_name: 'Nina',
      last_name: 'Nord',
      username: given.email.split('@')[0],
      created_by: admin.id,
      email_verified_at: expect.anything(),
      roles: [{ role_id: member, granted_by: admin.id }],
      groups: [{ group_id: group, role: 'member' }],
    })
    expect(answer.json()).toMatchObject({ id: user?.id, status: 'active' })
    const account = { accountId: user?.account_id as string }
    expect(await accountOf(account)).toMatchObject({
      managed_by_org_id: org.id,
      email_verified_at: expect.anything(),
    })
    expect(await storedInvitation(given.id)).toMatchObject({ status: 'accepted', user_id: user?.id })
    expect(await signsIn(given.email)).toBe(200)
    const done = (await linesOf(answer)).map(({ action, reason }) => `${action} ${reason}`)
    expect(done.sort()).toEqual([
      'group_member:create invitation',
      'invitation:update invitation',
      'user:create invitation',
      'user_role:create invitation',
    ])
    expect(await securityEvents(account)).toEqual(['invitation:accept'])
  })

  test('takes the name that is chosen, says which is taken, and makes one that nobody has', async () => {
    const given = await invitedBy(admin)
    const taken = await accept(given.token, { username: admin.username.toUpperCase() })
    expect([taken.status, taken.json().errors]).toEqual([
      409,
      [{ path: 'username', message: 'is already in use' }],
    ])
    const free = unique('free')
    expect((await accept(given.token, { username: free.toUpperCase() })).status).toBe(201)
    expect(await userAt(org, given.email)).toMatchObject({ username: free })
    const twin = await invitedBy(admin, { email: `${free}@twin.example` })
    expect((await accept(twin.token)).json()).toMatchObject({ username: `${free}2` })
    const odd = await invitedBy(admin, { email: `_odd+name${unique('')}@example.com` })
    expect((await accept(odd.token)).status).toBe(201)
  })

  test('asks for a password by the policy; what is refused leaves the link as it was', async () => {
    const given = await invitedBy(admin)
    const before = await state(org)
    const local = given.email.split('@')[0] as string
    for (const password of ['short', 'Password1!', `${local}@example.com-A1`.slice(0, local.length + 2)]) {
      const answer = await accept(given.token, { password })
      expect([answer.status, answer.json().errors?.[0]?.path], password).toEqual([422, 'password'])
    }
    expect(await state(org)).toEqual(before)
    expect((await accept(given.token)).status).toBe(201)
  })

  test('by page shows who invites whom into what, and signs the browser in', async () => {
    const { token, email } = await invitedBy(admin)
    const browser = visitor()
    const path = paths.acceptInvitation(token)
    const page = await browser.get(path)
    expect([page.status, page.headers.get('referrer-policy')]).toEqual([200, 'no-referrer'])
    expect(page.text).toContain('Join Käse &amp; “Söhne”')
    expect(page.text).toContain(`Ada Admin invited ${email}.`)
    expect(page.text).toContain('At least 8 characters')
    const weak = await browser.post(path, { username: 'x', password: 'weak', first_name: 'Nina' })
    expect([weak.status, weak.text]).toEqual([422, expect.stringContaining('value="Nina"')])
    const username = unique('nina')
    const done = await browser.post(path, { username, password: PASSWORD, first_name: 'Nina', last_name: '' })
    expect([done.status, done.headers.get('location')], done.text).toEqual([303, paths.home])
    expect((await browser.get(paths.me)).text).toContain(username)
    expect((await browser.get(path)).status).toBe(404)
  })

  test('of somebody among the people makes them active, with the name and roles that they have', async () => {
    const username = unique('made')
    const body = { username, email: `${username}@example.com`, first_name: 'Nina', role_ids: [member] }
    const made = await as(admin).post(api(paths.users), { ...body, groups: [{ id: group, role: 'viewer' }] })
    expect([made.status, made.json<{ status: string }>().status], made.text).toEqual([201, 'invited'])
    expect(await signsIn(username)).toBe(401)
    const token = await tokenFor(body.email)
    const page = await visitor().get(paths.acceptInvitation(token))
    expect(page.text).toContain(`value="${username}"`)
    const answer = await accept(token, { last_name: 'Nord' })
    expect(answer.json(), answer.text).toMatchObject({ username, first_name: 'Nina', last_name: 'Nord' })
    expect(await userAt(org, body.email)).toMatchObject({
      status: 'active',
      roles: [{ role_id: member }],
      groups: [{ group_id: group, role: 'viewer' }],
    })
    expect(await signsIn(username)).toBe(200)
    expect(await signsIn(body.email)).toBe(200)
  })
})

test('whose first password an administrator sets needs no invitation any more', async () => {
  const username = unique('given')
  const body = { username, email: `${username}@example.com` }
  const { id } = (await as(admin).post(api(paths.users), body)).json<{ id: string }>()
  const token = await tokenFor(body.email)
  expect((await as(admin).post(api(paths.firstPassword(id)), { password: PASSWORD })).status).toBe(200)
  expect((await accept(token)).status).toBe(404)
  const left = owner.selectFrom('invitations').where('user_id', '=', id).select('status')
  expect(await left.execute()).toEqual([{ status: 'revoked' }])
  expect(await signsIn(username)).toBe(200)
})

describe('somebody who has an account', () => {
  test('joins with it by proving its password, which stays, and is in both organizations', async () => {
    const known = await makeUser(elsewhere)
    const { token, id } = await invitedBy(admin, { email: known.email, role_ids: [member] })
    const before = await accountOf(known)
    expect((await visitor().get(paths.acceptInvitation(token))).text).toContain('You already have an account')
    for (const password of [NEXT, 'short']) {
      const wrong = await accept(token, { password })
      expect([wrong.status, wrong.json().errors]).toEqual([
        422,
        [{ path: 'password', message: 'That password isn’t right' }],
      ])
    }
    expect((await accountOf(known)).failed_logins).toBe(2)
    expect(await userAt(org, known.email)).toBeNull()
    const answer = await accept(token, { username: unique('other'), first_name: 'Nina' })
    expect(answer.status, answer.text).toBe(201)
    expect(await userAt(org, known.email)).toMatchObject({
      account_id: known.accountId,
      username: known.username,
      first_name: 'Nina',
      roles: [{ role_id: member }],
    })
    const after = await accountOf(known)
    expect(after.password_hash).toBe(before.password_hash)
    // from now on it is the person's alone
    expect([before.managed_by_org_id, after.managed_by_org_id]).toEqual([elsewhere.id, null])
    for (const { slug } of [org, elsewhere]) expect(await signsIn(known.username, PASSWORD, slug)).toBe(200)
    expect(await storedInvitation(id)).toMatchObject({ status: 'accepted' })
  })

  test('is locked after too many wrong passwords, like where one signs in', async () => {
    const known = await makeUser(elsewhere)
    const { token } = await invitedBy(admin, { email: known.email })
    for (let tries = 0; tries < 5; tries++) await accept(token, { password: NEXT })
    expect((await accept(token)).status).toBe(429)
    await owner
      .updateTable('accounts')
      .set({ locked_until: null })
      .where('id', '=', known.accountId)
      .execute()
    expect((await accept(token)).status).toBe(201)
  })

  test('whose sign-in takes a code joins, and is signed in once the code was right', async () => {
    const known = await makeUser(elsewhere)
    const factor = await withFactor(known)
    const { token } = await invitedBy(admin, { email: known.email })
    const browser = visitor()
    const done = await browser.post(paths.acceptInvitation(token), { password: PASSWORD })
    expect([done.status, done.headers.get('location')], done.text).toEqual([303, paths.loginCode()])
    expect(await userAt(org, known.email)).toMatchObject({ account_id: known.accountId })
    expect((await browser.get(paths.me)).status).toBe(303)
    const signedIn = await browser.post(paths.loginCode(), { code: await codeOf(factor) })
    expect([signedIn.status, signedIn.headers.get('location')], signedIn.text).toEqual([303, paths.home])
    expect((await browser.get(paths.me)).text).toContain(known.username)
  })

  test('joins also where their own organization has gone', async () => {
    const known = await makeUser(elsewhere)
    await owner.updateTable('users').set({ deleted_at: sql`now()` }).where('id', '=', known.id).execute()
    expect(await signsIn(known.username)).toBe(401)
    const { token } = await invitedBy(admin, { email: known.email })
    expect((await accept(token)).status).toBe(201)
    expect(await signsIn(known.username)).toBe(200)
  })

  test('doesn’t join by a session of somebody else, or a password that was changed', async () => {
    const known = await makeUser(elsewhere)
    const { token } = await invitedBy(admin, { email: known.email })
    const browser = browserOf(admin)
    const page = await browser.get(paths.acceptInvitation(token))
    expect(page.text).toContain(`You’re signed in as ${admin.username}`)
    expect((await browser.post(paths.acceptInvitation(token), { password: '' })).status).toBe(422)
    const done = await browser.post(paths.acceptInvitation(token), { password: PASSWORD })
    expect(done.status, done.text).toBe(303)
    expect((await browser.get(paths.me)).text).toContain(known.username)
  })

  test('of another organization becomes an invitation when they are added, and a user once they accept', async () => {
    const known = await makeUser(elsewhere)
    const username = unique('added')
    const body = { username, email: known.email, password: NEXT, role_ids: [member] }
    const answer = await as(admin).post(api(paths.users), body)
    expect([answer.status, answer.json()], answer.text).toMatchObject([202, { status: 'invited', username }])
    expect(await userAt(org, known.email)).toMatchObject({ account_id: null, status: 'invited' })
    expect((await accountOf(known)).managed_by_org_id).toBe(elsewhere.id)
    expect(await signsIn(known.username, NEXT)).toBe(401)
    expect((await accept(await tokenFor(known.email))).status).toBe(201)
    expect(await userAt(org, known.email)).toMatchObject({
      account_id: known.accountId,
      status: 'active',
      username: known.username,
      roles: [{ role_id: member }],
    })
    const again = await as(admin).post(api(paths.users), { ...body, username: unique('again') })
    expect([again.status, again.json().errors?.[0]?.path]).toEqual([409, 'email'])
    const taken = await makeUser(elsewhere)
    const clash = await as(admin).post(api(paths.users), {
      ...body,
      email: taken.email,
      username: known.username,
    })
    expect([clash.status, clash.json().errors?.[0]?.path]).toEqual([409, 'username'])
  })

  test('that was made without a password elsewhere gets its first one by whoever reads its mail', async () => {
    const chief = await makeUser(elsewhere, { roles: [roleOf(elsewhere, 'owner')] })
    const username = unique('twice')
    const body = { username, email: `${username}@example.com` }
    expect((await as(chief).post(api(paths.users), body)).status).toBe(201)
    await mailTo(body.email)
    const { token } = await invitedBy(admin, { email: body.email })
    expect((await accept(token, { username: unique('mine') })).json()).toMatchObject({ username })
    expect(await userAt(elsewhere, body.email)).toMatchObject({ status: 'invited' })
    expect(
      await accountOf({ accountId: (await userAt(org, body.email))?.account_id as string }),
    ).toMatchObject({
      managed_by_org_id: null,
    })
    expect(await signsIn(username)).toBe(200)
    expect(await signsIn(username, PASSWORD, elsewhere.slug)).toBe(401)
  })
})
