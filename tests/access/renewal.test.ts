import { describe, expect, test } from 'vitest'
import { type Identity, rightsFrom, UserActor } from '#src/access/actor.ts'
import { Revoked } from '#src/access/renewal.ts'

type Some = readonly string[]
type Has = { codes?: Some; read?: Some; write?: Some; lead?: Some } & Partial<Identity>

const identity = ({ codes = [], read = [], write = [], lead = [], ...more }: Has): Identity => ({
  sessionId: 's',
  sessionKind: 'token',
  accountId: 'a',
  apiKey: null,
  userId: 'u',
  username: 'ada',
  name: 'Ada',
  timeZone: null,
  locale: null,
  organization: { id: 'o', name: '', slug: '', kind: 'tenant' },
  home: null,
  elsewhere: false,
  impersonatorId: null,
  missingFactor: null,
  rights: rightsFrom(codes, [...read], [...write], [...lead]),
  ...more,
})
const acting = (was: Has, now: () => Identity | null) =>
  new UserActor(identity(was), { via: 'api', requestId: 'r', ip: null }, async () => now())
const found = (actor: UserActor) =>
  actor.renewal?.recheck().then(
    () => null,
    (thrown: Revoked) => thrown.wanted,
  )

const all = { codes: ['user:read:all'] }
const group = { codes: ['user:read:group'], read: ['g', 'h'], write: ['g'] }
const own = { codes: ['user:read:own'] }

describe('who leans on reading people', () => {
  test.each<[string, Has, Has | null, string | null]>([
    ['may go on with the same', all, all, null],
    ['ends with the session', all, null, 'user:read'],
    ['ends without it', all, {}, 'user:read'],
    ['ends with groups in place of all', all, group, 'user:read'],
    ['goes on with all in place of groups', group, all, null],
    ['goes on with all in place of their own', own, all, null],
    ['ends with their own in place of groups', group, own, 'user:read'],
    ['ends with groups in place of their own', own, group, 'user:read'],
    ['goes on with both', own, { ...group, codes: [...group.codes, ...own.codes] }, null],
    ['ends with one group less', group, { ...group, read: ['g'] }, 'user:read'],
    ['goes on with one group more', group, { ...group, read: ['g', 'h', 'i'] }, null],
    ['goes on where they only write less', group, { ...group, write: [] }, null],
    ['goes on with fewer groups and all', { ...all, read: ['g'] }, all, null],
    ['goes on without something else', { codes: [...all.codes, 'role:read:all'] }, all, null],
    ['ends as somebody else', all, { ...all, userId: 'v' }, 'user:read'],
    [
      'ends in another organization',
      all,
      { ...all, organization: { id: 'p', name: '', slug: '', kind: 'tenant' } },
      'user:read',
    ],
    ['ends where the code is asked for', all, { ...all, missingFactor: 'second-factor' }, 'second-factor'],
    [
      'goes on where it was before',
      { ...all, missingFactor: 'second-factor' },
      { ...all, missingFactor: 'second-factor' },
      null,
    ],
  ])('%s', async (_, was, now, wanted) => {
    const actor = acting(was, () => now && identity(now))
    actor.require('user:read')
    expect(await found(actor)).toBe(wanted)
  })

  test('writes by the groups that they may write in', async () => {
    const was = { codes: ['user:update:group'], read: ['g'], write: ['g'] }
    for (const [now, wanted] of [
      [was, null],
      [{ ...was, write: [] }, 'user:update'],
    ] as const) {
      const actor = acting(was, () => identity(now))
      actor.require('user:update')
      expect(await found(actor)).toBe(wanted)
    }
  })
})

test('who leans on all their rights ends without any of them', async () => {
  const was = { codes: [...all.codes, 'role:read:all'], lead: ['g'] }
  for (const [now, wanted] of [
    [was, null],
    [{ ...was, ...all }, 'role:read'],
    [{ ...was, lead: [] }, 'group:update'],
  ] as const) {
    const actor = acting(was, () => identity(now))
    expect(actor.rights.permissions.size).toBe(2)
    expect(await found(actor)).toBe(wanted)
  }
})

test('what was asked for and not had can’t be lost; `can` leans on it like `find`', async () => {
  const [not, has] = [acting(own, () => identity(own)), acting(all, () => identity({}))]
  expect([not.can('role:read'), not.find('role:update'), has.can('user:read')]).toEqual([false, null, true])
  expect([await found(not), await found(has)]).toEqual([null, 'user:read'])
})

test('once ended is ended, and several who ask at once ask once', async () => {
  let asked = 0
  let now: Identity | null = identity(all)
  const actor = acting(all, () => {
    asked++
    return now
  })
  actor.require('user:read')
  expect(await Promise.all([found(actor), found(actor), found(actor)])).toEqual([null, null, null])
  expect([asked, actor.renewal?.due]).toEqual([1, false])
  now = null
  expect(await found(actor)).toBe('user:read')
  now = identity(all)
  expect([await found(actor), asked, actor.renewal?.due]).toEqual(['user:read', 2, true])
})

test('what is decided after it was asked is decided by the rights of now', async () => {
  const actor = acting({ codes: [...all.codes, 'role:read:all'] }, () =>
    identity({ codes: [...all.codes, 'group:read:all'] }),
  )
  actor.require('user:read')
  expect(await found(actor)).toBeNull()
  expect([actor.can('user:read'), actor.can('role:read'), actor.can('group:read')]).toEqual([
    true,
    false,
    true,
  ])
  expect([...actor.rights.permissions].sort()).toEqual(['group:read:all', 'user:read:all'])
})

test('nobody knows more where it can’t be asked', async () => {
  const actor = acting(all, () => {
    throw new Error('away')
  })
  await expect(actor.renewal?.recheck()).rejects.toThrow('away')
  await expect(actor.renewal?.recheck()).rejects.not.toBeInstanceOf(Revoked)
})
