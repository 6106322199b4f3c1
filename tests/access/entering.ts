import { expect, vi } from 'vitest'
import { paths } from '#src/paths.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeUser, type Organization, platformOrganization, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const api = (path: string) => `/api/v1${path}`

export const REASON = 'ticket 4711'
/** As for every change of rights; in ms. */
const WITHIN = { timeout: 1000, interval: 5 }

/** Somebody who may enter, at home in the platform organization. */
export async function makeSuperadmin(): Promise<Person> {
  const platform = await platformOrganization()
  return makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
}

/** Where a person's token acts, or the status that it gets. */
export async function placeOf(person: Person, process: Process = here): Promise<string | number> {
  const answer = await as(person, process.app).get(api(paths.auth.me))
  return answer.status === 200
    ? answer.json<{ organization: { id: string } }>().organization.id
    : answer.status
}

/** Waits until the session's new place is known to a process. */
export const arrives = (person: Person, place: string | number, process: Process = here) =>
  vi.waitFor(async () => expect(await placeOf(person, process)).toBe(place), WITHIN)

export const enter = (person: Person, id: string, reason = REASON): Promise<Answer> =>
  as(person).post(api(paths.enterOrganization(id)), { reason })

/** Enters with the session of the token; the cookie's stays at home. This process knows it at once. */
export async function entered(person: Person, org: Organization): Promise<void> {
  const answer = await enter(person, org.id)
  expect(answer.status, answer.text).toBe(204)
  expect(await placeOf(person)).toBe(org.id)
}

/** Enters with the browser's session, and answers the browser. */
export async function browserIn(person: Person, org: Organization) {
  const browser = browserOf(person)
  const answer = await browser.post(paths.enterOrganization(org.id), { reason: REASON })
  expect(answer.status, answer.text).toBe(303)
  expect((await browser.get(paths.home)).text).toContain('class="banner"')
  browser.elsewhere = org.id
  return browser
}
