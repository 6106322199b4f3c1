import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { accountOf } from '#tests/accounts/links.ts'
import { anonymous, as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeUser, type NewPerson, roleOf } from '#tests/factories.ts'
import { mailTo, type Received } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const org = await makeOrganization()
const somebody = (options: NewPerson = {}) => makeUser(org, { roles: [roleOf(org, 'user')], ...options })
const api = (path: string) => `/api/v1${path}`
const use = (path: string, body: object) => anonymous().post(api(path), body)
const confirmed = (token: string) => use(paths.auth.verifyEmail, { token, password: PASSWORD })
const tokenOf = (mail: Received | undefined) => mail?.link?.split('/').at(-1) as string

describe('confirming the address that one has', () => {
  test('takes a link that is sent there, by page and as JSON', async () => {
    for (const request of [
      (person: Person) => as(person).post(api(paths.auth.requestVerification)),
      (person: Person) => browserOf(person).post(paths.myVerification),
    ]) {
      const person = await somebody({ proved: false })
      const answer = await request(person)
      expect([202, 303]).toContain(answer.status)
      const [mail] = await mailTo(person.email)
      expect((await accountOf(person)).email_verified_at).toBeNull()
      expect((await confirmed(tokenOf(mail))).status).toBe(204)
      expect((await accountOf(person)).email_verified_at).not.toBeNull()
      const me = (await as(person).get('/api/users/me')).json<{ email_verified_at: string | null }>()
      expect(me.email_verified_at).not.toBeNull()
      expect((await confirmed(tokenOf(mail))).status).toBe(404)
    }
  })

  test('is asked for three times an hour at most, by whoever is signed in', async () => {
    const person = await somebody()
    const send = () => as(person).post(api(paths.auth.requestVerification))
    for (let times = 0; times < 3; times++) expect((await send()).status).toBe(202)
    expect((await send()).status).toBe(429)
    expect((await anonymous().post(api(paths.auth.requestVerification))).status).toBe(401)
  })
})
