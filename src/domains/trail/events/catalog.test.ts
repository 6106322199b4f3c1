import { readdirSync, readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import '#src/app.ts'
import { changesIn } from '#src/domains/trail/events/changes.ts'
import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { entityOf } from '#src/domains/trail/events/queries.ts'
import { sentence } from '#src/domains/trail/events/words.ts'
import { clockOf } from '#src/locale/clock.ts'
import { paths } from '#src/paths.ts'
import { allResources } from '#src/resource/entity.ts'
import { speaks } from '#src/resource/history/fields.ts'
import { happenings, targetNouns } from '#src/resource/history/happenings.ts'
import { HistoryPanel } from '#src/resource/history/views.tsx'
import { as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const clock = clockOf('Europe/Vienna', 'en-GB')
const { owner: past } = await testDatabase()
const ID = '00000000-0000-7000-8000-00000000abcd'
const ACTION = /'([a-z_]+:[a-z_]+)'/g

type Recorded = { action: string; target: string; fields: string[] }

/** What triggers write: a line for each row that comes, changes or goes, with the columns they name. */
async function byTriggers(): Promise<Recorded[]> {
  const { rows } = await sql<{ source: string; kinds: string[]; fields: string[] }>`
    select p.prosrc as source, array_agg(g.tgname::text) as kinds,
      string_to_array(rtrim(min(encode(g.tgargs, 'escape')), '\\000'), '\\000') as fields
    from pg_trigger g join pg_proc p on p.oid = g.tgfoid
    where not g.tgisinternal and g.tgname like 'audit\_%' group by p.oid`.execute(past)
  return rows.flatMap(({ source, kinds, fields }) => {
    const [, target = ''] = /'([a-z_]+)(?:' \|\| ':|:update')/.exec(source) ?? []
    const soft = fields.includes('deleted_at')
    const verbs = [
      kinds.includes('audit_insert') && 'create',
      kinds.includes('audit_update') && 'update',
      (kinds.includes('audit_delete') || soft) && 'delete',
      soft && 'restore',
    ]
    return verbs
      .filter((verb) => verb !== false)
      .map((verb) => ({ action: `${target}:${verb}`, target, fields }))
  })
}

/** What functions write that know of what happened. What stands in security_events alone is none of it. */
async function byFunctions(): Promise<Recorded[]> {
  const { rows } = await sql<{ source: string }>`
    select prosrc as source from pg_proc where pronamespace = 'app'::regnamespace`.execute(past)
  const sources = rows.map(({ source }) => source)
  const named = sources
    .filter((source) => !source.includes('security_events') || source.includes('public.events'))
    .flatMap((source) =>
      [...source.matchAll(/'([a-z_]+:[a-z_]+)'(?:,\s*'([a-z_]+)')?/g)].map(
        // elsewhere it is what a mail says
        ([, action = '', next = '']) => ({ action, target: source.includes('public.events') ? next : '' }),
      ),
    )
  // 'user:' || name
  const administered = sources.flatMap((source) =>
    [...source.matchAll(/note_administration\([^']*'([a-z_]+)'\)/g)].map(([, name]) => ({
      action: `user:${name}`,
      target: 'user',
    })),
  )
  return [...named, ...administered].map((one) => ({ ...one, fields: [] }))
}

/** What commands write. */
function byCommands(): Recorded[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.test)\.ts$/.test(file),
  )
  return files
    .map((file) => readFileSync(`src/${file}`, 'utf8'))
    .filter((text) =>
      /insertInto\('events'\)|insert into events|record_event|\brecord\(tx,|noteJobs\(/.test(text),
    )
    .flatMap((text) => text.split('\n').filter((line) => !/import|operator\(|\.find\(|can\(/.test(line)))
    .flatMap((line) => [...line.matchAll(ACTION)])
    .map(([, action = '']) => ({ action, target: '', fields: [] }))
}

/** Files of lists. */
const byExports = (): Recorded[] =>
  [...allResources().map(({ model }) => model.name), 'event'].map((target) => ({
    action: `${target}:export`,
    target,
    fields: [],
  }))

let catalog: Recorded[]
const sample = (field: string): unknown => {
  if (/(_ids|permissions|addresses)$/.test(field)) return [ID]
  if (/(_id|_by)$/.test(field)) return ID
  if (/(_at)$/.test(field)) return '2026-11-30T18:47:10.416207+00:00'
  if (/^(builtin|is_default|second_factor_required)$/.test(field)) return true
  if (field === 'settings') return { sign_up: true, default_role: ID }
  return field === 'status' ? 'active' : 'team'
}
const eventOf = ({ action, target, fields }: Recorded, names: boolean): EventRecord => {
  const after = Object.fromEntries(fields.map((field) => [field, sample(field)]))
  return {
    id: ID,
    seq: 1,
    created_at: '2026-11-30T18:47:10Z',
    action,
    via: 'web',
    actor: { id: ID, name: 'Ada' },
    impersonator: null,
    api_key: null,
    target: { type: target || (action.split(':')[0] as string), id: ID, ...(names ? { name: 'Kim' } : {}) },
    reason: null,
    request_id: null,
    session_id: null,
    cause_id: null,
    cause_kind: null,
    ip: null,
    data: { after, before: Object.fromEntries(fields.map((field) => [field, null])) },
  }
}

/** An id, a name of the code, a piece of JSON, an instant as the database has it. */
const RAW =
  /[0-9a-f]{8}-[0-9a-f]{4}|\b[a-z]+_[a-z]+|\b[a-z_]+:[a-z_]+|[[{]|\btrue\b|\bfalse\b|\bnull\b|undefined|\d{4}-\d\d-\d\dT/

beforeAll(async () => {
  const all = [...(await byTriggers()), ...(await byFunctions()), ...byCommands(), ...byExports()]
  catalog = [...new Map(all.map((one) => [`${one.action} ${one.target}`, one])).values()]
})

describe('every action that can be recorded', () => {
  test('is found', () => {
    expect(catalog.map(({ action }) => action)).toEqual(
      expect.arrayContaining([
        'invitation:create',
        'invitation:refuse',
        'group_member:delete',
        'user:set_password',
        'account:end_sessions',
        'job:drop',
        'organization:enter',
        'role:effect',
        'auth:sign_in',
      ]),
    )
    expect(new Set(catalog.map(({ action }) => action)).size).toBeGreaterThan(70)
  })

  test('has words of its own to be chosen by', () => {
    const words = happenings()
    expect(catalog.map(({ action }) => action).filter((action) => !words[action])).toEqual([])
    const known = new Set(Object.values(words))
    expect(known.size, 'two kinds of one name').toBe(Object.keys(words).length)
    expect([...known].filter((word) => RAW.test(word))).toEqual([])
  })

  test('has a sentence without a raw name, whether or not the reader sees names', () => {
    const said = catalog.flatMap((one) =>
      [true, false].map((names) => sentence(eventOf(one, names), new Map(), clock)),
    )
    expect(said.filter((words) => RAW.test(words) || words.includes('did this'))).toEqual([])
    expect(said.every((words) => words.startsWith('Ada '))).toBe(true)
  })

  test('says of an update which field it was, also of an entity that nobody wrote sentences for', () => {
    const own = ['invitation', 'session', 'api_key']
    const updates = catalog.filter(
      ({ action, target }) =>
        action.endsWith(':update') && !own.includes(target) && entityOf(target)?.model.name === target,
    )
    expect(updates.map(({ target }) => target)).toEqual(
      expect.arrayContaining(['user', 'role', 'group', 'permission']),
    )
    for (const one of updates)
      for (const field of one.fields.filter((name) => speaks(name) && name !== 'deleted_at')) {
        const said = sentence(eventOf({ ...one, fields: [field] }, true), new Map(), clock)
        expect([
          'Ada changed Kim',
          `Ada changed the ${entityOf(one.target)?.declared.one} Kim`,
        ]).not.toContain(said)
        expect(said, `${one.action} of ${field}`).not.toMatch(RAW)
      }
  })

  test.each([
    ['user', { status: ['active', 'disabled'] }, 'disabled Kim'],
    ['user', { status: ['disabled', 'active'] }, 'enabled Kim'],
    ['user', { last_name: ['A', 'B'] }, 'changed Kim’s last name'],
    ['user', { email: ['a@x', 'b@x'], time_zone: [null, 'UTC'] }, 'changed Kim’s e-mail and time zone'],
    ['user', { status: ['active', 'disabled'], email: ['a', 'b'] }, 'disabled Kim and changed their e-mail'],
    ['role', { name: ['Guest', 'Kim'] }, 'renamed the role Guest to Kim'],
    ['role', { description: ['', 'All'] }, 'changed the description of the role Kim'],
    [
      'group',
      { name: ['A', 'Kim'], description: ['', 'B'] },
      'renamed the group A to Kim and changed its description',
    ],
    ['organization', { status: ['active', 'suspended'] }, 'suspended the organization Kim'],
    [
      'user',
      { username: ['a', 'b'], email: ['a', 'b'], first_name: ['a', 'b'], last_name: ['a', 'b'] },
      'changed 4 fields of Kim',
    ],
  ] as [string, Record<string, unknown[]>, string][])('of %s, %j: "%s"', (target, changed, expected) => {
    const event = eventOf({ action: `${target}:update`, target, fields: [] }, true)
    const side = (at: number) =>
      Object.fromEntries(Object.entries(changed).map(([field, values]) => [field, values[at]]))
    event.data = { before: side(0), after: side(1) }
    expect(sentence(event, new Map(), clock)).toBe(`Ada ${expected}`)
  })

  test.each([
    [ID, 'signed out one of their own sessions'],
    [`${ID.slice(0, -1)}e`, 'signed out one of Kim’s sessions'],
    [`${ID.slice(0, -1)}f`, 'signed out a session of someone'],
  ])('of the end of a session of %s: "%s"', (user, expected) => {
    const event = eventOf({ action: 'session:update', target: 'session', fields: [] }, false)
    event.data = { before: { user_id: user }, after: { user_id: user, revoked_at: '2026-11-30T18:47:10Z' } }
    const names = new Map([[`${ID.slice(0, -1)}e`, 'Kim']])
    expect(sentence(event, names, clock)).toBe(`Ada ${expected}`)
  })

  test.each([
    ['/api/v1/organizations', 'was denied access to Organizations'],
    ['/users/7/edit', 'was denied access to People'],
    ['/access/matrix', 'was denied access to /access/matrix'],
  ])('a refusal at %s: "%s"', (path, expected) => {
    const event = eventOf({ action: 'access:denied', target: 'route', fields: [] }, false)
    expect(sentence({ ...event, data: { path } }, new Map(), clock)).toBe(`Ada ${expected}`)
  })

  test('shows what changed without one, in the trail and in the history of its record', () => {
    for (const one of catalog) {
      const event = eventOf(one, true)
      const entity = entityOf(event.target.type)
      for (const { field, from, to } of changesIn(event, new Map(), entity, clock))
        expect([one.action, field, from, to].slice(1).join(' · '), one.action).not.toMatch(RAW)
      if (!entity) continue
      const changes = Object.entries(event.data.after ?? {}).map(([field, to]) => ({ field, from: null, to }))
      const entry = { ...event, actor: { id: ID, name: 'Ada' }, changes }
      const panel = HistoryPanel({ resource: entity, entries: [entry], clock, more: null, newest: null })
      const text = String(panel)
        .replace(/<[^>]+>/g, ' · ')
        .replace(/&[a-z#0-9]+;/g, '')
      expect(text, one.action).not.toMatch(RAW)
    }
  })
})

describe('every kind of target', () => {
  test('has its noun', () => {
    const nouns = targetNouns()
    const targets = new Set(catalog.map(({ target }) => target).filter(Boolean))
    expect([...targets].filter((target) => !nouns[target])).toEqual([])
  })
})

test('all of it can be filtered by, on the page and by a program', async () => {
  const org = await makeOrganization()
  const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  const { text } = await browserOf(boss).get(paths.events)
  const missing = [
    ...catalog.map(({ action }) => action),
    ...catalog.map(({ target }) => target).filter(Boolean),
  ].filter((value) => !text.includes(`<option value="${value}">`))
  expect(missing).toEqual([])
  const invited = await as(boss).post(`/api/v1${paths.invitations}`, { email: `${ID}@example.com` })
  expect(invited.status, invited.text).toBe(201)
  for (const filter of ['action=invitation:create', 'target_type=invitation']) {
    const found = await as(boss).get(`/api/v1${paths.events}?${filter}`)
    expect(found.json<{ data: EventRecord[] }>().data).toHaveLength(1)
    const page = await browserOf(boss).get(`${paths.events}?${filter}`)
    expect(page.text).toContain(`invited ${ID}@example.com`)
  }
})
