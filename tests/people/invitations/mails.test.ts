import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { queueInvitation } from '#src/domains/people/invitations/mail-actions.ts'
import { paths } from '#src/paths.ts'
import { mailsTo } from '#tests/accounts/links.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { accept, invite, newEmail, storedInvitation, tokenFor } from '#tests/people/invitations/inviting.ts'
import { makePeople, type People } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let people: People
beforeAll(async () => {
  people = await makePeople()
})

const resend = (id: string) => as(people.admin).post(api(paths.resendInvitation(id)))
const revoke = (id: string) => as(people.admin).post(api(paths.revokeInvitation(id)))
const bulk = (path: string, action: string, ids: string[]) =>
  as(people.admin).post(api(`${path}/bulk`), { action, ids })

/** An invitation whose address got three mails just now. */
async function exhausted() {
  const made = await invite(people.admin)
  for (let times = 0; times < 2; times++) expect((await resend(made.id)).status).toBe(200)
  return made
}

function expectNotSent(answer: Answer, email: string): void {
  const { detail } = answer.json()
  expect([answer.status, detail]).toEqual([
    429,
    expect.stringMatching(
      /^\S+ got three invitations in the last hour\. You can send the next one in (59|60) minutes\.$/,
    ),
  ])
  expect(detail).toContain(email)
  const wait = Number(answer.headers.get('retry-after'))
  expect(wait).toBeGreaterThan(3500)
  expect(wait).toBeLessThanOrEqual(3600)
}

test('of forty that are sent again three are sent, and the others are told when they can be', async () => {
  const { id, email } = await invite(people.admin)
  const answers: Answer[] = []
  for (let times = 0; times < 40; times++) answers.push(await resend(id))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, ...Array(38).fill(429)])
  for (const answer of answers.slice(2)) expectNotSent(answer, email)
  expect(await mailsTo(email)).toHaveLength(3)
  // what was refused has changed nothing: the link of the last mail works
  expect((await accept(await tokenFor(email))).status).toBe(201)
})

test('an hour later it can be sent again, and to others all the time', async () => {
  const { id, email } = await exhausted()
  expect((await invite(people.admin)).status).toBe('pending')
  expect((await invite(people.foreigner, { email })).status).toBe('pending')
  expectNotSent(await resend(id), email)
  await past
    .updateTable('mails')
    .set({ created_at: sql<string>`created_at - interval '1 hour'` })
    .where('recipient', '=', email)
    .execute()
  expect((await resend(id)).status).toBe(200)
})

test('of fifty at once no more are sent than one after the other', async () => {
  const { id, email } = await invite(people.admin)
  const answers = await Promise.all(Array.from({ length: 50 }, () => resend(id)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(48)
  expect(await mailsTo(email)).toHaveLength(3)
})

test('made anew instead of sent again it counts, too', async () => {
  const email = newEmail()
  for (let times = 0; times < 3; times++)
    expect((await revoke((await invite(people.admin, { email })).id)).status).toBe(200)
  const answer = await as(people.admin).post(api(paths.invitations), { email, role_ids: [] })
  expectNotSent(answer, email)
  expect(await past.selectFrom('invitations').where('email', '=', email).select('id').execute()).toHaveLength(
    3,
  )
})

test('whoever comes while a third one is decided waits for it', async () => {
  const { email } = await invite(people.admin)
  const queue = () =>
    asSystem(db, people.org.id, 'a test', async (tx) => {
      const queued = await queueInvitation(tx, email).then(
        () => true,
        () => false,
      )
      await sleep(100)
      return queued
    })
  expect(await queue()).toBe(true)
  expect((await Promise.all([queue(), queue(), queue()])).filter(Boolean)).toHaveLength(1)
  expect(await mailsTo(email)).toHaveLength(3)
})

describe('among many', () => {
  test('each that is refused is named', async () => {
    const [spent, fresh] = [await exhausted(), await invite(people.admin)]
    const answer = await bulk(paths.invitations, 'resend', [spent.id, fresh.id])
    expect(answer.json()).toMatchObject({ done: 1, refused: 1 })
    expect(answer.json<{ results: object[] }>().results).toContainEqual({
      id: spent.id,
      status: 'refused',
      reason: expect.stringMatching(
        new RegExp(`^${spent.email} got three invitations .* in (59|60) minutes`),
      ),
    })
    expect(await mailsTo(fresh.email)).toHaveLength(2)
    expect((await storedInvitation(spent.id)).version).toBe(3)
  })

  test('each address that is refused is named, and the others are invited', async () => {
    const spent = await exhausted()
    await revoke(spent.id)
    const fresh = newEmail()
    const body = { emails: [spent.email, fresh], role_ids: [] }
    const answer = await as(people.admin).post(api(paths.manyInvitations), body)
    expect(answer.json()).toMatchObject({
      done: 1,
      refused: 1,
      results: [
        { email: spent.email, status: 'refused', reason: expect.stringContaining('got three invitations') },
        { email: fresh, status: 'done' },
      ],
    })
  })
})

test('so it is with people who stand in the list already, alone and among many', async () => {
  const email = newEmail()
  const username = unique('guest')
  const made = await as(people.owner).post(api(paths.users), { username, email })
  expect(made.status, made.text).toBe(201)
  const { id } = made.json<{ id: string }>()
  const again = () => as(people.admin).post(api(paths.inviteUser(id)))
  for (let times = 0; times < 2; times++) expect((await again()).status).toBe(200)
  expectNotSent(await again(), email)
  const other = await makeUser(people.org, { status: 'invited' })
  const answer = await bulk(paths.users, 'invite', [id, other.id])
  expect(answer.json(), answer.text).toMatchObject({ done: 1, refused: 1 })
  expect([await mailsTo(email), await mailsTo(other.email)].map(({ length }) => length)).toEqual([3, 1])
  expect((await accept(await tokenFor(email))).status).toBe(201)
})

test('a person reads it on a page', async () => {
  const { id, email } = await exhausted()
  const page = await browserOf(people.admin).post(paths.resendInvitation(id))
  expect([page.status, page.text]).toEqual([429, expect.stringContaining(`${email} got three invitations`)])
})
