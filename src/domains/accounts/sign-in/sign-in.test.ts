import { expect, it } from 'vitest'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { as, visitor } from '#tests/client.ts'
import { conforms } from '#tests/http/conformance.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
const people = await makePeople()

it('lets a browser sign in whose session has ended', async () => {
  const browser = visitor()
  const signIn = async () => {
    const page = await browser.get('/login')
    const [, csrf_token = ''] = /name="csrf_token" value="([^"]+)"/.exec(page.text) ?? []
    return browser.post('/login', { csrf_token, username: people.admin.username, password: PASSWORD })
  }
  expect((await signIn()).status).toBe(303)
  expect((await browser.get('/me')).status).toBe(200)
  await owner
    .updateTable('sessions')
    .set({ revoked_at: new Date().toISOString() })
    .where('user_id', '=', people.admin.id)
    .execute()
  const sentTo = async () => (await browser.get('/me')).headers.get('location')
  await expect.poll(sentTo).toBe('/login?next=%2Fme')
  const again = await signIn()
  expect(again.status).toBe(303)
  expect(again.headers.get('location')).toBe('/')
  expect((await browser.get('/me')).status).toBe(200)
})

it('says where somebody is at home while they are in another organization', async () => {
  const visitor = await makeSuperadmin()
  const home = async () => {
    const answer = await as(visitor).get(`/api/v1${paths.auth.me}`)
    expect(conforms('GET', paths.auth.me, answer)).toEqual([])
    return answer.json<{ home: unknown }>().home
  }
  expect(await home()).toBeNull()
  await entered(visitor, people.org)
  const { name } = await owner
    .selectFrom('organizations')
    .where('id', '=', visitor.org.id)
    .select('name')
    .executeTakeFirstOrThrow()
  expect(await home()).toEqual({ organization: { id: visitor.org.id, name }, user_id: visitor.id })
  expect((await as(visitor).post(`/api/v1${paths.leaveOrganization}`)).status).toBe(204)
  expect(await home()).toBeNull()
})
