import { expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { as } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'

/** What clients rely on by name; each stands below /api and /api/v1. */
const named = `
POST /auth/login · POST /auth/register · POST /auth/logout · GET /auth/me
GET /users · POST /users · GET /users/:id · PUT /users/:id · PATCH /users/:id · DELETE /users/:id · GET /users/me
POST /users/:id/roles/:role_id · DELETE /users/:id/roles/:role_id · PATCH /users/:id/toggle-status · POST /users/bulk
POST /users/:id/restore · POST /users/import · GET /users/:id/history
GET /roles · POST /roles · GET /roles/:id · PUT /roles/:id · PATCH /roles/:id · DELETE /roles/:id
POST /roles/create-minimal · GET /roles/templates · POST /roles/from-template · PATCH /roles/:id/toggle-status · POST /roles/:id/restore
POST /roles/:id/permissions/:permission_id · DELETE /roles/:id/permissions/:permission_id
POST /roles/:id/parents/:role_id · DELETE /roles/:id/parents/:role_id · POST /roles/bulk · GET /roles/:id/history
GET /permissions · POST /permissions · GET /permissions/:id · PUT /permissions/:id · PATCH /permissions/:id
DELETE /permissions/:id · GET /permissions/by-resource/:model · PATCH /permissions/:id/toggle-status
GET /groups · POST /groups · GET /groups/:id · PUT /groups/:id · PATCH /groups/:id · DELETE /groups/:id
GET /groups/:id/members · PUT /groups/:id/members/:user_id · DELETE /groups/:id/members/:user_id
GET /departments · POST /departments · GET /departments/:id · PUT /departments/:id · PATCH /departments/:id
DELETE /departments/:id · GET /departments/:id/members · PUT /departments/:id/members/:user_id
DELETE /departments/:id/members/:user_id
GET /sessions · DELETE /sessions · GET /sessions/:id · DELETE /sessions/:id
GET /organizations · POST /organizations · GET /organizations/:id · PATCH /organizations/:id
GET /events · GET /events/:id
GET /access/explain · POST /access/check · GET /access/matrix
GET /health · GET /openapi.json`

const shape = (path: string) => path.replace(/:\w+/g, ':')
const served = new Set(
  endpoints.filter(({ only }) => only !== 'page').map(({ method, path }) => `${method} ${shape(path)}`),
)

test.each(
  named
    .split(/[·\n]/)
    .map((line) => line.trim())
    .filter(Boolean),
)('%s answers programs', (line) => {
  expect(served).toContain(shape(line))
})

test('is there below both names of the interface', async () => {
  const { owner } = await makePeople()
  for (const path of [
    '/users',
    '/roles',
    '/permissions',
    '/groups',
    '/departments',
    '/sessions',
    '/events',
  ]) {
    const [one, other] = [await as(owner).get(`/api${path}`), await as(owner).get(`/api/v1${path}`)]
    expect([one.status, other.status], path).toEqual([200, 200])
  }
})
