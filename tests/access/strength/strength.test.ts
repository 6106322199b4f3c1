import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import {
  type Act,
  acts,
  address,
  api,
  arranged,
  asleep,
  beside,
  boss,
  by,
  DONE,
  equal,
  gone,
  type Kind,
  LACKS,
  org,
  stronger,
  weak,
} from '#tests/access/strength/strengths.ts'
import { denied } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { addMember, assign, makeGroup, makeUser, roleOf, sessionOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'

describe('strength', () => {
  const sample = ['its address', 'disabling', 'deleting'].map((name) => acts[name] as Act)

  test.each(Object.entries(stronger))('is %s', async (_, kind) => {
    for (const one of sample) {
      const attempt = await arranged(one, kind)
      await denied(by, 'role:assign', () => attempt(by))
      expect((await attempt(boss)).status).toBeOneOf(DONE)
    }
  })

  test.each(Object.entries(equal))('is not %s', async (_, kind) => {
    for (const one of sample) {
      const answer = await (await arranged(one, kind))(by)
      expect(answer.status, answer.text).toBeOneOf(DONE)
    }
  })

  test('that has come back is what was compared: the role of whoever was out of reach gives it again', async () => {
    const id = await asleep(gone(), LACKS)
    const of = await makeUser(org, { roles: [id] })
    await denied(by, 'role:assign', () => as(by).patch(api(paths.user(of.id)), { email: address() }))
    expect((await as(boss).post(api(`${paths.role(id)}/restore`))).status).toBe(200)
    await denied(by, 'role:assign', () => as(by).patch(api(paths.user(of.id)), { email: address() }))
  })

  test('of the members in a template of the organization is covered by who assigns templates', async () => {
    const admin = await makeUser(org, { roles: [roleOf(org, 'admin')] })
    for (const template of ['user', 'member', 'viewer', 'guest', 'operator', 'client', 'admin'])
      for (const one of sample) {
        const of = await one.on(await makeUser(org, { roles: [roleOf(org, template)], groups: [beside] }))
        expect((await of(admin)).status, template).toBeOneOf(DONE)
      }
  })

  test('of oneself doesn’t keep anybody from their own', async () => {
    const self = await personWith(org, [
      'user:read:own',
      'user:update:own',
      'session:read:own',
      'session:delete:own',
    ])
    expect((await as(self).patch(api(paths.user(self.id)), { first_name: 'Me' })).status).toBe(200)
    expect((await as(self).delete(api(paths.session(await sessionOf(self.cookie))))).status).toBe(204)
  })

  test('keeps a list of sessions whole where one of them is out of reach', async () => {
    const [plain, strong] = [await makeUser(org), await (stronger['a permission more'] as Kind)()]
    const ids = await Promise.all([plain, strong].map(({ token }) => sessionOf(token)))
    await denied(by, 'role:assign', () => as(by).delete(api(paths.sessions), { ids }))
    expect((await as(boss).delete(api(paths.sessions), { ids })).json()).toEqual({ ended: 2 })
  })

  test('is nothing to a lead, who adds and removes the members of a group whoever they are', async () => {
    const group = await makeGroup(org)
    const lead = await makeUser(org, { groups: [{ id: group, role: 'lead' }] })
    const strong = await (stronger['a permission more'] as Kind)()
    await addMember(org, strong.id, group)
    expect((await as(lead).delete(api(paths.groupMember(paths.groups, group, strong.id)))).status).toBe(204)
    expect((await as(lead).patch(api(paths.user(strong.id)), { first_name: 'x' })).status).toBe(403)
  })
})

describe.each(Object.entries(acts))('%s', (_, one) => {
  test('is for nobody weaker, and for whoever is as strong', async () => {
    for (const kind of ['a permission more', 'a deleted role', 'the same in a group beside']) {
      const attempt = await arranged(one, stronger[kind] as Kind)
      await denied(by, 'role:assign', () => attempt(by))
      if (one.sends && kind === 'a deleted role') continue
      const answer = await attempt(boss)
      expect(answer.status, `${kind}: ${answer.text}`).toBeOneOf(DONE)
    }
    for (const kind of ['nothing', 'the same in the same group', 'the same in a deleted group beneath']) {
      const answer = await (await arranged(one, equal[kind] as Kind))(by)
      expect(answer.status, `${kind}: ${answer.text}`).toBeOneOf(DONE)
    }
  })
})

describe('on the page of somebody stronger', () => {
  test('nothing is offered, and a sentence says why', async () => {
    const strong = await (stronger['the same in a group beside'] as Kind)({
      first_name: 'Gina',
      last_name: 'Groß',
    })
    await assign(org, strong.id, weak)
    const page = (who: Person) => browserOf(who).get(paths.user(strong.id))
    const sentence = 'Gina Groß has access that you don’t have, so you can’t change their account.'
    const buttons = [`${paths.user(strong.id)}/edit`, `${paths.user(strong.id)}/delete`, `take-${weak}`]
    const [weaker, able] = [(await page(by)).text, (await page(boss)).text]
    expect(weaker).toContain(sentence)
    expect(able).not.toContain(sentence)
    for (const button of buttons) {
      expect(weaker, button).not.toContain(button)
      expect(able, button).toContain(button)
    }
    const form = (who: Person) => browserOf(who).get(`${paths.user(strong.id)}/edit`)
    expect((await form(boss)).status).toBe(200)
    const refused = await form(by)
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('so you can’t change their details.')
  })
})

describe('by a key', () => {
  test('somebody is as strong as the key, whoever owns it', async () => {
    const admin = await withKey(boss, ['user:read:all', 'user:update:all'])
    const strong = await (stronger['a permission more'] as Kind)()
    const lead = await (equal['members to say in one’s own group'] as Kind)()
    const attempt = (of: Person) => as(admin).patch(api(paths.user(of.id)), { first_name: 'Key' })
    for (const of of [strong, lead]) await denied(admin, 'role:assign', () => attempt(of))
    expect((await attempt(await makeUser(org))).status).toBe(200)
  })

  test('nobody leads a group, also where its owner does', async () => {
    const codes = ['user:read:all', 'user:update:all']
    const group = await makeGroup(org)
    const lead = await personWith(org, codes, { groups: [{ id: group, role: 'lead' }] })
    const other = await makeUser(org, { groups: [{ id: group, role: 'lead' }] })
    const key = await withKey(lead, codes)
    const attempt = (who: Person) => as(who).patch(api(paths.user(other.id)), { first_name: 'Lead' })
    await denied(key, 'role:assign', () => attempt(key))
    expect((await attempt(lead)).status).toBe(200)
  })

  test('its owner’s account isn’t unlocked, and is by a key that has all that they have', async () => {
    const codes = ['user:read:all', 'user:update:all']
    const unlock = (of: Person, key: Person) => as(key).post(api(paths.unlockUser(of.id)))
    const key = await withKey(boss, codes)
    await denied(key, 'role:assign', () => unlock(boss, key))
    const plain = await personWith(org, codes)
    expect((await unlock(plain, await withKey(plain, codes))).status).toBe(200)
    expect((await unlock(boss, boss)).status).toBe(200)
  })
})
