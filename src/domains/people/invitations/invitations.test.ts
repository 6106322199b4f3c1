import { beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { type Answer, as, browserOf, versionOf } from '#tests/client.ts'
import { makeGroup, makeRole, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import {
  type Invitation,
  invite,
  newEmail,
  storedInvitation,
  tokenFor,
} from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const people = await makePeople()
const { org, admin, foreigner, colleague, group } = people
const OF_GROUP = ['create', 'read', 'update', 'delete'].map((action) => `invitation:${action}:group`)
const inGroup = (id: string) => personWith(org, [...OF_GROUP, 'group:read:group'], { groups: [id] })
const member = await inGroup(group)
const outsider = await inGroup(people.elsewhere)
const looker = await personWith(org, ['invitation:read:all'])
const plain = await makeRole(org, { name: 'Plain', permissions: [] })
const api = (path: string) => `/api/v1${path}`

let target: Invitation
beforeEach(async () => {
  target = await invite(member, { group_id: group })
})

type Write = {
  permission: string
  event: string
  json: (by: Person) => Promise<Answer>
  form: (by: Person) => Promise<Answer>
  before?: () => Promise<unknown>
  done: (row: Awaited<ReturnType<typeof storedInvitation>>) => boolean
}
const one = () => paths.invitation(target.id)
const remove = () => as(admin).delete(api(one()))
const writes: Record<string, Write> = {
  PUT: {
    permission: 'invitation:update',
    event: 'invitation:update',
    json: (by) => as(by).put(api(one()), { role_ids: [plain], group_id: group }),
    form: (by) => browserOf(by).put(one(), { role_ids: plain, group_id: group }),
    done: ({ role_ids }) => role_ids.length === 1,
  },
  PATCH: {
    permission: 'invitation:update',
    event: 'invitation:update',
    json: (by) => as(by).patch(api(one()), { role_ids: [plain] }),
    form: (by) => browserOf(by).patch(one(), { role_ids: ['', plain] }),
    done: ({ role_ids }) => role_ids.length === 1,
  },
  resend: {
    permission: 'invitation:update',
    event: 'invitation:update',
    json: (by) => as(by).post(api(paths.resendInvitation(target.id))),
    form: (by) => browserOf(by).post(paths.resendInvitation(target.id)),
    before: () => mailTo(target.email),
    done: ({ version }) => version > 1,
  },
  revoke: {
    permission: 'invitation:update',
    event: 'invitation:update',
    json: (by) => as(by).post(api(paths.revokeInvitation(target.id))),
    form: (by) => browserOf(by).post(paths.revokeInvitation(target.id)),
    done: ({ status }) => status === 'revoked',
  },
  DELETE: {
    permission: 'invitation:delete',
    event: 'invitation:delete',
    json: (by) => as(by).delete(api(one())),
    form: (by) => browserOf(by).delete(one()),
    done: ({ deleted_at }) => deleted_at !== null,
  },
  restore: {
    permission: 'invitation:delete',
    event: 'invitation:restore',
    json: (by) => as(by).post(api(`${one()}/restore`)),
    form: (by) => browserOf(by).post(`${one()}/restore`),
    before: remove,
    done: ({ deleted_at }) => deleted_at === null,
  },
}

describe.each(Object.entries(writes))('%s of an invitation', (name, write) => {
  describe.each([
    ['as JSON', 'api', write.json],
    ['as a form', 'web', write.form],
  ] as const)('%s', (_, via, attempt) => {
    beforeEach(() => write.before?.())

    test.each([
      ['administrators', admin],
      ['those of its group', member],
    ])('works for %s, and is in the trail', async (_, by) => {
      expect(write.done(await storedInvitation(target.id))).toBe(false)
      const answer = await attempt(by)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : name === 'DELETE' ? 204 : 200)
      const row = await storedInvitation(target.id)
      expect(write.done(row)).toBe(true)
      const line = (await recorded(by, answer, via)).find(({ action }) => action === write.event)
      expect(line).toMatchObject({ target_type: 'invitation', target_id: target.id })
      if (via === 'api' && name !== 'DELETE') {
        expect(answer.json()).toMatchObject({ id: target.id, version: row.version })
        expect(versionOf(answer)).toBe(row.version)
      }
    })

    test('is a 404 for an outsider and for another organization', async () => {
      await hidden(outsider, () => attempt(outsider))
      await hidden(foreigner, () => attempt(foreigner), org)
    })

    test('is refused to those without the permission, and to those who may only look', async () => {
      await denied(colleague, write.permission, () => attempt(colleague))
      await denied(looker, write.permission, () => attempt(looker))
    })
  })
})

describe('inviting', () => {
  const json = (by: Person, email: string, more: object = {}) =>
    as(by).post(api(paths.invitations), { email, role_ids: [plain], group_id: group, ...more })
  const form = (by: Person, email: string, more: Record<string, string> = {}) =>
    browserOf(by).post(paths.manyInvitations, {
      emails: email,
      role_ids: ['', plain],
      group_id: group,
      ...more,
    })

  describe.each([
    ['as JSON', 'api', json],
    ['as a form', 'web', form],
  ] as const)('%s', (_, via, attempt) => {
    test.each([
      ['administrators', admin],
      ['those of the group', member],
    ])('works for %s, is in the trail, and sends a mail', async (_, by) => {
      const email = newEmail()
      const answer = await attempt(by, email.toUpperCase())
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
      const found = owner.selectFrom('invitations').where('email', '=', email).selectAll()
      const row = await found.executeTakeFirstOrThrow()
      expect(row).toMatchObject({
        org_id: org.id,
        role_ids: [plain],
        group_id: group,
        status: 'pending',
        invited_by: by.id,
        created_by: by.id,
      })
      expect(await recorded(by, answer, via)).toMatchObject([
        { action: 'invitation:create', target_id: row.id, data: { after: { email, invited_by: by.id } } },
      ])
      expect(await mailTo(email)).toHaveLength(1)
    })

    test('is refused in a group that isn’t theirs, and without the permission', async () => {
      await denied(outsider, 'group:update', () => attempt(outsider, newEmail()))
      await denied(looker, 'invitation:create', () => attempt(looker, newEmail()))
      await denied(colleague, 'invitation:create', () => attempt(colleague, newEmail()))
    })

    test('is refused with a group or a role of another organization', async () => {
      const theirs = await makeGroup(foreigner.org)
      for (const more of [
        { group_id: theirs },
        { role_ids: [...foreigner.org.roles.values()][0] as string },
      ]) {
        const answer = await attempt(admin, newEmail(), more as never)
        expect(answer.status, answer.text).toBe(422)
      }
    })
  })

  test('of somebody who is here, or who was invited, is a 409; once that ran out or was revoked it isn’t', async () => {
    const said = async (email: string) => (await json(admin, email)).json().errors?.[0]
    expect(await said(colleague.email)).toEqual({ path: 'email', message: 'is already a member' })
    expect(await said(target.email)).toEqual({ path: 'email', message: 'is already invited' })
    const past = new Date(Date.now() - 1000).toISOString()
    await owner.updateTable('invitations').set({ expires_at: past }).where('id', '=', target.id).execute()
    const next = await json(admin, target.email)
    expect(next.status).toBe(201)
    expect((await storedInvitation(target.id)).status).toBe('expired')
    await as(admin).post(api(paths.revokeInvitation(next.json<Invitation>().id)))
    expect((await json(admin, target.email)).status).toBe(201)
    // and the old one can't be sent beside it, also where its address got few mails of late
    await owner.deleteFrom('mails').where('recipient', '=', target.email).execute()
    expect((await as(admin).post(api(paths.resendInvitation(target.id)))).status).toBe(409)
    const elsewhere = await invite(foreigner, { email: target.email })
    expect(elsewhere.email).toBe(target.email)
  })

  test('says what is wrong with an address, and nothing of accounts elsewhere', async () => {
    for (const email of [
      '',
      'nobody',
      'a@b',
      `a@example.com\r\nBcc: b@example.com`,
      `${'a'.repeat(260)}@example.com`,
    ]) {
      const answer = await json(admin, email)
      expect([answer.status, answer.json().errors?.[0]?.path], email).toEqual([422, 'email'])
    }
    const known = (await json(admin, foreigner.email)).json<Record<string, unknown>>()
    const unknown = (await json(admin, newEmail())).json<Record<string, unknown>>()
    expect(Object.keys(known)).toEqual(Object.keys(unknown))
    expect(JSON.stringify(known)).not.toContain(foreigner.accountId)
  })

  test('many at once answers for each, as they were pasted', async () => {
    const [one, two, three] = [newEmail(), newEmail(), newEmail()]
    const emails = `Ada Lovelace <${one}>, ${two}\r\n"Doe, John" <${three}>; nonsense ${target.email}\n${two}`
    const answer = await as(admin).post(api(paths.manyInvitations), { emails, role_ids: [] })
    const { done, refused, results } = answer.json<{
      done: number
      refused: number
      results: { email: string; status: string; reason?: string }[]
    }>()
    expect([done, refused], answer.text).toEqual([3, 3])
    expect(results.filter(({ status }) => status === 'done').map(({ email }) => email)).toEqual([
      one,
      two,
      three,
    ])
    expect(results.filter(({ status }) => status === 'refused')).toMatchObject([
      { email: '"Doe', reason: 'Enter an e-mail address like name@example.com' },
      { email: 'nonsense', reason: 'Enter an e-mail address like name@example.com' },
      { email: target.email, reason: 'is already invited' },
    ])
    const page = await browserOf(admin).post(paths.manyInvitations, {
      emails: `${newEmail()} ${target.email}`,
    })
    expect(page.status).toBe(200)
    expect(page.text).toContain('1 invitation sent.')
    expect(page.text).toMatch(new RegExp(`<textarea[^>]*>${target.email}</textarea>`))
    const none = await browserOf(admin).post(paths.manyInvitations, { emails: ' ' })
    expect([none.status, none.text]).toEqual([422, expect.stringContaining('Enter an e-mail address')])
  })

  test('is done once for an Idempotency-Key', async () => {
    const email = newEmail()
    const key = { 'Idempotency-Key': unique('key') }
    const body = { email, role_ids: [] }
    const twice = [1, 2].map(() => as(admin).post(api(paths.invitations), body, key))
    const answers = await Promise.all(twice)
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(await mailTo(email)).toHaveLength(1)
  })
})

test('what was accepted or revoked can’t be sent or changed any more', async () => {
  await tokenFor(target.email)
  await as(admin).post(api(paths.revokeInvitation(target.id)))
  for (const attempt of [writes.resend, writes.PATCH])
    expect((await (attempt as Write).json(admin)).status).toBe(409)
})
