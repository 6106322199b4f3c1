import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerType, serve } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateClients } from '#tests/clients/generate.ts'
import { lint } from '#tests/clients/lint.ts'
import { NAMES, type Travellers, type Trip } from '#tests/clients/programs/trip.ts'
import { openApiDocument } from '#tests/http/conformance.ts'
import { makePeople, type People } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

// Programs that others make from the document: each is typed by its generator alone, compiled as strictly as there is,
// and goes through the interface of a real server.

const { app } = await testDatabase()
const root = join(import.meta.dirname, '../..')

let folder: string
let server: ServerType
let url: string
let people: People

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-clients-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await cp(join(root, 'tests/clients/programs'), folder, { recursive: true })
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  people = await makePeople()
  await generateClients(openApiDocument, join(folder, 'generated'), url)
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

test('compile under --strict', async () => {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    skipLibCheck: true,
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [tsc, '--project', folder], (_, stdout) => resolve(stdout))
  })
  expect(said).toBe('')
})

test.each([
  ['openapi-fetch', () => people.member],
  ['hey-api', () => people.outsider],
  ['orval', () => people.colleague],
])('%s goes there and back', async (name, other) => {
  const program: { roundTrip(url: string, who: Travellers): Promise<Trip> } = await import(
    join(folder, `${name}.ts`)
  )
  const { username } = people.owner
  const trip = await program.roundTrip(url, { username, password: PASSWORD, other: other().username })
  expect(trip).toEqual({
    people: [other().username],
    group: NAMES,
    template: 'viewer',
    given: 1,
    ended: 2,
    key: 'amb_',
    missing: 404,
  })
})

test('Spectral has nothing to say', async () => {
  expect(await lint(openApiDocument)).toEqual([])
  const { get } = openApiDocument.paths['/api/v1/health'] ?? {}
  const wrong = { ...openApiDocument, paths: { '/x': { get: { ...get, description: '' } } } }
  expect((await lint(wrong)).join()).toContain('operation-description')
})
