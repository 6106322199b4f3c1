import { describe, expect, test } from 'vitest'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'

const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })

type Previewed = { count: number; hash: string; names: string[]; consequence: string | null }

/** People of one family name, which a search finds. */
async function family(count: number): Promise<{ name: string; people: Person[] }> {
  const name = unique('Fam').replace('-', '')
  const people: Person[] = []
  for (let n = 1; n <= count; n++) people.push(await makeUser(org, { first_name: `N${n}`, last_name: name }))
  return { name, people }
}
/** What a form of a page holds, as a browser sends it: hidden fields, and what is selected. */
function formIn({ text }: Answer, action: string): Record<string, string[]> {
  const form = new RegExp(`<form[^>]*action="${action}"[^>]*>(.*?)</form>`, 's').exec(text)?.[1]
  if (form === undefined) return expect.unreachable(`no form for ${action}:\n${text.slice(0, 3000)}`)
  const fields: Record<string, string[]> = {}
  for (const [, name = '', value = ''] of form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g))
    fields[name] = [...(fields[name] ?? []), value.replaceAll('&amp;', '&')]
  return fields
}

describe('what people lose is said', () => {
  test('with a group: its people, and what stands beneath', async () => {
    const [above, other] = [await makeGroup(org), await makeGroup(org)]
    await makeGroup(org, { parent: above })
    const { people } = await family(3)
    for (const { id } of people) await addMember(org, id, above)
    await addMember(org, (people[0] as Person).id, other)
    const sentence =
      '3 people lose access to what belongs to it and its subgroups. 1 subgroup can no longer be accessed from parent groups.'
    for (const base of ['/groups', '/departments']) {
      const page = await browserOf(boss).get(`${base}/${above}/delete`)
      expect(page.text).toContain(sentence)
      const body = { action: 'delete', ids: [above, other] }
      const many = await as(boss).post(`/api/v1${base}/bulk/preview`, body)
      expect(many.json<Previewed>().consequence).toContain(sentence)
    }
    // of what one can't delete, nothing is told
    const only = await personWith(org, ['group:delete:own'])
    const told = await as(only).post('/api/v1/groups/bulk/preview', { action: 'delete', ids: [above] })
    expect(told.json<Previewed>()).toMatchObject({ count: 1, names: [] })
    expect(told.json<Previewed>().consequence).not.toContain('3 people')
    const gone = await browserOf(boss).post(
      `/groups/${above}`,
      formIn(await browserOf(boss).get(`/groups/${above}/delete`), `/groups/${above}`),
    )
    expect([gone.status, gone.headers.get('location')]).toEqual([303, '/groups'])
  })

  test('with a role: who has it, or one that inherits from it', async () => {
    const role = await makeRole(org)
    const heir = await makeRole(org, { parents: [role] })
    const { people } = await family(3)
    for (const [n, { id }] of people.entries()) await assign(org, id, n ? heir : role)
    expect((await browserOf(boss).get(`/roles/${role}/delete`)).text).toContain(
      '3 people lose permissions it grants.',
    )
    expect((await browserOf(boss).get(`/roles/${heir}/delete`)).text).toContain(
      '2 people lose permissions it grants.',
    )
  })

  test('with a person or service account: sessions, keys, groups', async () => {
    const group = await makeGroup(org)
    const person = await makeUser(org, { groups: [group] })
    const page = await browserOf(boss).get(`/users/${person.id}/delete`)
    expect(page.text).toContain('This ends 2 sessions and 1 group membership. The person can be restored.')
    const { id } = (
      await as(boss).post('/api/v1/service-accounts', { username: unique('robot'), first_name: 'Robot' })
    ).json<{ id: string }>()
    await assign(org, id, await makeRole(org, { permissions: ['user:read:own'] }))
    const key = { user_id: id, name: 'Key', permissions: ['user:read:own'] }
    expect((await as(boss).post('/api/v1/api-keys', key)).status).toBe(201)
    expect((await browserOf(boss).get(`/users/${id}/delete`)).text).toContain('This ends 1 API key.')
  })
})
