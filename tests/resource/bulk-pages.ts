import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Person } from '#tests/people.ts'
import { testIf } from '#tests/resource/form.ts'
import type { Stage } from '#tests/resource/stage.ts'

/** The same to many records, in a browser. */
export function bulkPages(given: Stage): void {
  const { people, groupable, resource } = given
  const { thousands } = given.entity
  const { title } = resource.declared
  const made = (count: number, body = {}) => given.rows(Array.from({ length: count }, () => body))

  describe('a page', () => {
    const post = (by: Person, fields: Record<string, string | string[]>) =>
      given.browser(by).post(given.page('/bulk'), fields)

    test('goes back to the list when all is done, and says so there', async () => {
      const ids = await made(2)
      const answer = await post(people.owner, { action: 'delete', ids })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, given.page()])
      if (!resource.soft) return
      const one = await post(people.owner, { action: 'restore', ids: ids[0] as string })
      expect(one.status).toBe(303)
      expect((await given.stored(ids[0] as string)).deleted_at).toBeNull()
      expect((await given.stored(ids[1] as string)).deleted_at).not.toBeNull()
    })

    testIf(groupable)('goes where one may be who only writes', async () => {
      const answer = await post(people.blind, { action: 'delete', ids: await given.row() })
      expect(answer.status).toBe(303)
      const next = await given.browser(people.blind).get(answer.headers.get('location') as string)
      expect(next.status).toBe(200)
    })

    test('tells which were refused and why, and tries just them again', async () => {
      const [done = '', gone = ''] = await given.rows([{}, given.named('Gone <b>already</b>')])
      await given.remove(gone)
      const never = randomUUID()
      const answer = await post(people.owner, {
        action: 'delete',
        ids: [done, gone, never],
        back: 'q=kept "as" it is',
      })
      expect(answer.status).toBe(200)
      const form =
        new RegExp(`<form method="post" action="${given.page('/bulk')}"[\\s\\S]*?</form>`).exec(
          answer.text,
        )?.[0] ?? ''
      const fields = [...form.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ])
      const sent = fields.filter(([name]) => name !== 'csrf_token')
      expect(
        sent
          .filter(([name]) => name === 'ids')
          .map(([, id]) => id)
          .sort(),
      ).toEqual([gone, never].sort())
      expect(sent.filter(([name]) => name !== 'ids')).toEqual([
        ['action', 'delete'],
        ['back', 'q=kept &quot;as&quot; it is'],
      ])
      if (resource.soft && typeof title === 'string')
        expect(answer.text).toContain('Gone &lt;b&gt;already&lt;/b&gt;')
      expect(answer.text.includes(`href="${given.page(`/${gone}`)}"`)).toBe(resource.soft)
      expect(answer.text).not.toContain(`href="${given.page(`/${never}`)}"`)
    })

    testIf(thousands)('takes as many as a program does', async () => {
      const ids = Array.from({ length: 1000 }, () => randomUUID() as string)
      const answer = await post(people.owner, { action: 'delete', ids, back: 'beside' })
      expect([answer.status, answer.text.match(/name="ids"/g)?.length]).toEqual([200, 1000])
    })

    test('of what one doesn’t see names nothing', async () => {
      if (!given.groupable) return
      const id = await given.row({
        owner_group_id: given.elsewhere,
        ...given.named('Secretname'),
      })
      const answer = await post(people.member, { action: 'delete', ids: id })
      expect([answer.status, answer.text.includes('Secretname')]).toEqual([200, false])
      const seen = await post(people.keeper, { action: 'delete', ids: id })
      expect([seen.status, seen.text.includes('Secretname')]).toEqual([200, typeof title === 'string'])
    })
  })
}
