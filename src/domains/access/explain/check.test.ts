import { beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeUser,
  type Organization,
  roleOf,
  sessionOf,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

type Question = { permission: string; record?: string }
type Answers = { answers: (Question & { allowed: boolean })[] }

const ask = (by: Person, questions: readonly Question[], user?: string) =>
  as(by).post(api(paths.access.check), user ? { user, questions } : { questions })
const check = async (by: Person, questions: readonly Question[], user?: string) => {
  const answer = await ask(by, questions, user)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Answers>().answers
}
const verdicts = async (...args: Parameters<typeof check>) =>
  (await check(...args)).map(({ allowed }) => allowed)

let org: Organization
let boss: Person
let person: Person
let near: Person
let far: Person
let foreigner: Person
beforeAll(async () => {
  org = await makeOrganization()
  const [group, other] = [await makeGroup(org), await makeOrganization()]
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  person = await personWith(org, ['user:read:group', 'user:update:own', 'session:read:own'], {
    groups: [group],
  })
  near = await makeUser(org, { groups: [group] })
  far = await makeUser(org)
  foreigner = await makeUser(other)
})

test('answers in the order of the questions, with what was asked', async () => {
  const questions = [
    { permission: 'user:update', record: near.id },
    { permission: 'user:read', record: near.id },
    { permission: 'user:read' },
    { permission: 'user:update', record: person.id },
    { permission: 'user:read', record: near.id },
    { permission: 'role:read' },
  ]
  const allowed = [false, true, true, true, true, false]
  expect(await check(person, questions)).toEqual(questions.map((one, i) => ({ ...one, allowed: allowed[i] })))
})

test('a record that is unknown, out of reach or of another organization is not allowed', async () => {
  const records = [far.id, foreigner.id, '00000000-0000-7000-8000-000000000000', near.id]
  const reads = records.map((record) => ({ permission: 'user:read', record }))
  expect(await verdicts(person, reads)).toEqual([false, false, false, true])
  expect(await verdicts(boss, reads)).toEqual([true, false, false, true])
  // of another model
  const session = await sessionOf(person.token)
  expect(
    await verdicts(person, [
      { permission: 'session:read', record: session },
      { permission: 'user:read', record: session },
      { permission: 'session:read', record: person.id },
    ]),
  ).toEqual([true, false, false])
})

test('the answer is the subject’s, not the asker’s', async () => {
  const questions = [
    { permission: 'user:read', record: far.id },
    { permission: 'user:read', record: near.id },
    { permission: 'user:update', record: person.id },
    { permission: 'role:update' },
  ]
  expect(await verdicts(boss, questions, person.id)).toEqual([false, true, true, false])
  expect(await verdicts(boss, questions)).toEqual([true, true, true, true])
  const auditor = await personWith(org, ['permission:read:all'])
  expect(await verdicts(auditor, questions, person.id)).toEqual([false, true, true, false])
})

test.each(['disabled', 'invited'])('somebody who is %s may nothing', async (status) => {
  const strong = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  const questions = [{ permission: 'user:read' }, { permission: 'user:read', record: near.id }]
  expect(await verdicts(boss, questions, strong.id)).toEqual([true, true])
  await owner.updateTable('users').set({ status }).where('id', '=', strong.id).execute()
  expect(await verdicts(boss, questions, strong.id)).toEqual([false, false])
})

describe('who may ask', () => {
  const questions = [{ permission: 'user:read' }]
  test('about others who may read permissions; nobody about nobody', async () => {
    await denied(person, 'permission:read', () => ask(person, questions, near.id))
    expect(await verdicts(person, questions, person.id)).toEqual([true])
    await hidden(boss, () => ask(boss, questions, foreigner.id), foreigner.org)
    await hidden(boss, () => ask(boss, questions, '00000000-0000-7000-8000-000000000000'))
    expect((await anonymous().post(api(paths.access.check), { questions })).status).toBe(401)
  })

  test('programs: there is no page', async () => {
    expect((await browserOf(boss).post(paths.access.check, { questions: 'x' })).status).toBeOneOf([406, 422])
  })
})

describe('permissions of the organization’s own', () => {
  test('are answered without a record', async () => {
    const values = { org_id: org.id, model: 'report', action: 'export', scope: 'all' }
    const { id } = await owner
      .insertInto('permissions')
      .values(values)
      .returning('id')
      .executeTakeFirstOrThrow()
    expect(await verdicts(person, [{ permission: 'report:export' }])).toEqual([false])
    await owner
      .insertInto('role_permissions')
      .values({ org_id: org.id, role_id: roleOf(org, 'owner'), permission_id: id })
      .execute()
    await expect
      .poll(() => verdicts(boss, [{ permission: 'report:export' }]), { timeout: 5000 })
      .toEqual([true])
    const wrong = await ask(boss, [
      { permission: 'user:read' },
      { permission: 'report:export', record: far.id },
    ])
    expect([wrong.status, wrong.json().errors?.[0]?.path]).toEqual([422, 'questions.1.record'])
    expect((await ask(foreigner, [{ permission: 'report:export' }])).status).toBe(422)
  })
})

test.each([
  ['questions', {}],
  ['questions', { questions: [] }],
  ['questions', { questions: Array.from({ length: 101 }, () => ({ permission: 'user:read' })) }],
  ['questions.0.permission', { questions: [{}] }],
  ['questions.1.permission', { questions: [{ permission: 'user:read' }, { permission: 'user:read:all' }] }],
  ['questions.0.permission', { questions: [{ permission: 'user:fly' }] }],
  ['questions.0.permission', { questions: [{ permission: 'nothing:read' }] }],
  ['questions.0.record', { questions: [{ permission: 'user:read', record: 'x' }] }],
  ['questions.0.colour', { questions: [{ permission: 'user:read', colour: 1 }] }],
  ['user', { user: 'somebody', questions: [{ permission: 'user:read' }] }],
])('what makes no sense is a 422 at %s', async (path, body) => {
  const answer = await as(boss).post(api(paths.access.check), body)
  expect([answer.status, answer.json().errors?.[0]?.path]).toEqual([422, path])
})

test('a hundred questions take two statements', async () => {
  const questions = Array.from({ length: 100 }, (_, i) => ({
    permission: ['user:read', 'user:update', 'session:read', 'role:read', 'group:read'][i % 5] as string,
    ...(i % 3 ? { record: [near, far, person, boss][i % 4]?.id as string } : {}),
  }))
  for (const by of [person, boss]) {
    const counted = async () => {
      const before = db.counted.roundTrips
      await check(by, questions)
      return db.counted.roundTrips - before
    }
    // once the notices of what was made for this are through
    await expect.poll(counted, { timeout: 5000 }).toBe(2)
    const answers = await check(by, questions)
    expect(answers.map(({ permission, record }) => ({ permission, ...(record ? { record } : {}) }))).toEqual(
      questions,
    )
    expect(new Set(answers.map(({ allowed }) => allowed))).toEqual(new Set([true, false]))
  }
})
