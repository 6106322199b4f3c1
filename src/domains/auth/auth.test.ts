import { expect, it } from 'vitest'
import { visitor } from '#tests/client.ts'
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
