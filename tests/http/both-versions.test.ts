import { expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeRole } from '#tests/factories.ts'
import { attributes, fieldsIn, formIn, formsOf } from '#tests/http/forms.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople } from '#tests/people.ts'

const { org, owner } = await makePeople()
const [role, other] = [await makeRole(org, { name: 'Theirs' }), await makeRole(org, { name: 'Mine' })]
const BEGINS = '2031-05-06T15:30:07Z'

type Case = {
  path: string
  make: () => Promise<string>
  theirs: Record<string, string>
  mine: Record<string, string | string[]>
  saved: object
  shown: string[]
}

/** What was typed in fields that are no columns, while somebody else saved the record. */
test.each<Case>([
  {
    path: '/api-keys',
    make: async () => (await withKey(owner, ['user:read:own', 'group:read:all'])).key,
    theirs: { name: 'Theirs', expires_at: BEGINS },
    mine: {
      permissions: ['', 'user:read:own'],
      expires_at: '2032-01-01T00:00:00',
      allowed_addresses: '192.0.2.7\r\n10.0.0.0/8',
    },
    saved: {
      name: 'Theirs',
      permissions: ['user:read:own'],
      expires_at: '2032-01-01T00:00:00+00:00',
      allowed_addresses: ['10.0.0.0/8', '192.0.2.7/32'],
    },
    shown: ['2031-05-06T15:30:07', '2032-01-01T00:00:00', 'user:read:own'],
  },
  {
    path: '/invitations',
    make: async () => (await invite(owner, { role_ids: [role] })).id,
    theirs: { group_id: await makeGroup(org) },
    mine: { role_ids: ['', other] },
    saved: { roles: [{ id: other, name: 'Mine' }] },
    shown: ['>Mine<', '>Theirs<'],
  },
])(
  '$path: both versions are asked for, and mine is saved',
  async ({ path, make, theirs, mine, saved, shown }) => {
    const id = await make()
    const [program, browser] = [as(owner), browserOf(owner)]
    const form = formIn(await browser.get(`${path}/${id}/edit`), `${path}/${id}`)
    expect((await program.patch(`/api/v1${path}/${id}`, theirs)).status).toBe(200)
    const late = await browser.post(`${path}/${id}`, { ...form, ...mine })
    expect(late.status).toBe(412)
    for (const text of shown) expect(late.text).toContain(text)
    // mine is chosen everywhere but where I typed nothing
    const both = formsOf(late).find(({ action }) => action === `${path}/${id}`)
    const fields = fieldsIn(both?.markup ?? '')
    for (const name of Object.keys(theirs))
      if (!(name in mine)) fields[name] = theirsOf(both?.markup ?? '', name) ?? (fields[name] as string)
    const answer = await browser.post(`${path}/${id}`, fields)
    expect(answer.status, answer.text.slice(0, 300)).toBe(303)
    expect((await program.get(`/api/v1${path}/${id}`)).json<RecordRow>()).toMatchObject(saved)
  },
)

/** The second of the two values between which a page asks to choose. */
function theirsOf(markup: string, name: string): string | undefined {
  const radios = [...markup.matchAll(/<input type="radio"[^>]*>/g)].map(([tag]) => attributes(tag))
  return radios.filter((radio) => radio.name === name)[1]?.value
}
