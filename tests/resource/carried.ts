import { expect } from 'vitest'
import type { ImportReport } from '#src/resource/import/import.ts'
import { type Answer, send } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app } = await testDatabase()

/** A file as it is downloaded, byte by byte. */
export async function exported(by: Person, path: string, query = ''): Promise<Buffer> {
  const headers = { Authorization: `Bearer ${by.token}`, Accept: 'text/csv' }
  const response = await app.request(`/api/v1${path}${query}`, { headers })
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}
export const imported = (by: Person, path: string, file: Buffer) =>
  send(`/api/v1${path}/import`, {
    method: 'POST',
    body: new Uint8Array(file),
    headers: { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv', Accept: 'application/json' },
  })
export const told = (answer: Answer) =>
  (answer.json<Partial<ImportReport>>().errors ?? []).map(
    ({ line, column, message }) => `${line} ${column ?? '-'} ${message}`,
  )

export const settled = async () => {
  const org = await makeOrganization()
  return { org, by: await makeUser(org, { roles: [roleOf(org, 'owner')] }) }
}
