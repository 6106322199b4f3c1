import { expect, test } from 'vitest'
import { anonymous, as, browserOf } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app } = await testDatabase()
const { owner } = await makePeople()

test('two hundred who sign in at once keep nobody else waiting', { timeout: 60_000 }, async () => {
  let done = 0
  const signIns = Array.from({ length: 200 }, async () => {
    const answer = await anonymous(app).post('/api/auth/login', { username: unique('nobody'), password: 'x' })
    done += 1
    return answer.status
  })
  for (let n = 0; n < 10; n++) {
    expect((await as(owner).get('/api/users')).status).toBe(200)
    expect((await browserOf(owner).get('/users')).status).toBe(200)
  }
  // twenty answers while most of them still wait for their hash
  expect(done).toBeLessThan(100)
  expect(new Set(await Promise.all(signIns))).toEqual(new Set([401]))
})
