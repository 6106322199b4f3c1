import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { RightsCache } from '#src/access/rights.ts'
import { createApp } from '#src/app.ts'
import type { Listener } from '#src/db/listener.ts'
import { trail } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeOrganization } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { app, logged, told, upload } from '#tests/resource/import/files.ts'
import { losses, others } from '#tests/resource/long/work.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const RIGHT = 'licence:read'
const LAST = '# Export stopped: your access changed.\r\n'

/** Licences of the group that somebody is in, if any. */
const fill = ({ org, id }: Person, count: number) =>
  sql`insert into licences (org_id, code, seats, expires, contact, owner_group_id)
    select ${org.id}, 'E' || n, 1, '2030-01-01', 'a@example.com',
      (select group_id from group_members where user_id = ${id})
    from generate_series(1, ${count}::int) n`.execute(here.owner)

/** A file that is read a piece at a time, no further than it is asked for. */
async function begun({ token }: Person, path = '/api/v1/licences', by: App = app) {
  const headers = { Authorization: `Bearer ${token}`, Accept: 'text/csv' }
  const connection = { incoming: { socket: { remoteAddress: '192.0.2.7' } } }
  const answer = await by.request(path, { headers }, connection)
  expect(answer.status).toBe(200)
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  const pieces: string[] = []
  const next = async () => {
    const { done, value } = await reader.read()
    if (!done) pieces.push(new TextDecoder().decode(value))
    return !done
  }
  const rest = async () => {
    while (await next());
    return pieces
  }
  return { next, rest, pieces }
}
const denials = async ({ org }: Person) =>
  (await trail(org)).filter(({ action }) => action === 'access:denied').map(({ data }) => data)

describe('a file breaks off, and says so in its last line, for somebody', () => {
  test.each(losses)('$name', async ({ who, happens }) => {
    const by = await who(RIGHT)
    await fill(by, 3500)
    const file = await begun(by)
    // its names with the first two hundred and fifty, and the second
    await file.next()
    await file.next()
    await happens(by, RIGHT)
    await expect(file.rest()).rejects.toThrow('Your access changed')
    expect(file.pieces).toHaveLength(3)
    expect(file.pieces[2]).toBe(LAST)
    expect(logged).toEqual([])
    await expect.poll(() => denials(by)).toMatchObject([{ path: '/api/v1/licences', wanted: RIGHT }])
  })

  test.each(others)('but not $name', async ({ who, happens }) => {
    const by = await who(RIGHT)
    await fill(by, 3500)
    const file = await begun(by)
    await file.next()
    await file.next()
    await happens(by, RIGHT)
    const text = (await file.rest()).join('')
    expect(text.match(/\r\n/g)).toHaveLength(3501)
    expect(text).not.toContain('#')
    expect(await denials(by)).toEqual([])
  })
})

test('what it shows of other records may not be lost either', async () => {
  const org = await makeOrganization()
  const by = await personWith(org, [`${RIGHT}:all`, 'user:read:all'])
  await fill(by, 1500)
  const file = await begun(by)
  await file.next()
  await sql`delete from role_permissions p using permissions q
    where q.id = p.permission_id and p.org_id = ${org.id} and q.code = 'user:read:all'
      and p.role_id in (select role_id from user_roles where user_id = ${by.id})`.execute(here.owner)
  await expect(file.rest()).rejects.toThrow('Your access changed')
  await expect.poll(() => denials(by)).toMatchObject([{ wanted: 'user:read' }])
})

const end = ({ id }: Person) =>
  here.owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute()

test('events come no further than their reader may see them', async () => {
  const org = await makeOrganization()
  const [by, stays] = await Promise.all(
    [1, 2].map(() => personWith(org, ['event:read:all', 'event:export:all'])),
  )
  await fill(by as Person, 2500)
  for (const person of [by, stays] as Person[]) {
    const file = await begun(person, '/api/v1/events')
    await file.next()
    await file.next()
    if (person === by) await end(person)
    const rest = file.rest()
    if (person === by) await expect(rest).rejects.toThrow('Your access changed')
    else expect((await rest).join('').match(/licence:create/g)).toHaveLength(2500)
  }
})

test('a process that hears no notices stops as well, for what another one did', async () => {
  const deaf = new RightsCache(here.db, { alive: true, onNotice() {}, onLost() {} } as unknown as Listener)
  const program = createApp({ ...here, rights: deaf })
  await using other = await here.anotherProcess()
  const org = await makeOrganization()
  const [by, boss] = await Promise.all([
    personWith(org, ['user:read:all']),
    personWith(org, ['user:read:all', 'user:update:all']),
  ])
  await sql`insert into users (org_id, username, email, status, kind)
    select ${org.id}, ${org.slug} || n, '', 'active', 'service' from generate_series(1, 2500) n`.execute(
    here.owner,
  )
  const file = await begun(by, '/api/v1/service-accounts', program)
  await file.next()
  const done = await as(boss, other.app).patch(`/api/v1/users/${by.id}`, { status: 'disabled' })
  expect(done.status).toBe(200)
  await expect(file.rest()).rejects.toThrow('Your access changed')
  expect(file.pieces.at(-1)).toBe(LAST)
})

describe('over a connection', async () => {
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  afterAll(() => void server.close())

  test('a slow reader of many rows gets the last line, and no end', async () => {
    const [by, stays] = await Promise.all(
      [1, 2].map(async () => personWith(await makeOrganization(), [`${RIGHT}:all`])),
    )
    for (const person of [by, stays] as Person[]) {
      await fill(person, 25_000)
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/licences?format=csv`, {
        headers: { Authorization: `Bearer ${person.token}` },
      })
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
      const decoder = new TextDecoder()
      let text = ''
      const read = async () => {
        const { done, value } = await reader.read()
        text += decoder.decode(value, { stream: true })
        return !done
      }
      await read()
      if (person === by) await end(person)
      const rest = (async () => {
        while (await read());
      })()
      if (person === stays) await rest
      else await expect(rest).rejects.toThrow()
      const lines = text.split('\r\n').length - 2
      if (person === stays) expect(lines).toBe(25_000)
      else {
        expect(text.endsWith(LAST)).toBe(true)
        expect(lines).toBeLessThan(25_000)
      }
    }
  })
})

test('what was exported in part is not taken as a whole', async () => {
  const by = await personWith(await makeOrganization(), [`${RIGHT}:all`])
  const into = await personWith(await makeOrganization(), [
    'licence:create:all',
    'user:read:all',
    'group:read:all',
  ])
  await fill(by, 2500)
  const file = await begun(by)
  await file.next()
  await file.next()
  const whole = file.pieces.join('')
  await end(by)
  await file.rest().catch(() => {})
  const answer = await upload(into, file.pieces.join(''))
  expect([answer.status, told(answer)]).toEqual([422, ['502 the export stopped here: export the file again']])
  expect((await upload(into, whole)).status).toBe(200)
})
