import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import { trail } from '#tests/access/trail.ts'
import type { Answer } from '#tests/client.ts'
import { makeUser } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { describeIf, listed, testIf } from '#tests/resource/form.ts'
import type { Stage } from '#tests/resource/stage.ts'

/** Reading records: by whom, how much, and what stands beside. */
export function reads(stage: Stage): void {
  const { people, org, group, groupable, ownable, resource } = stage
  let id: string
  let mine: string
  let there: string
  beforeAll(async () => {
    id = await stage.row()
    mine = ownable ? await stage.row({ owner_user_id: people.own.id, owner_group_id: null }) : ''
    there = groupable ? await stage.row({ owner_group_id: stage.elsewhere }) : ''
  })

  const ways: Record<string, (by: Person, id: string) => Promise<Answer>> = {
    'the record': (by, id) => stage.as(by).get(stage.api(`/${id}`)),
    'its page': (by, id) => stage.browser(by).get(stage.page(`/${id}`)),
    'its history': (by, id) => stage.as(by).get(stage.api(`/${id}/history`)),
    'its history’s page': (by, id) => stage.browser(by).get(stage.page(`/${id}/history`)),
  }
  describe.each(Object.entries(ways))('%s', (_, read) => {
    test('is shown to who may read it', async () => {
      for (const by of [people.owner, people.looker, people.keeper])
        expect((await read(by, id)).status).toBe(200)
      if (groupable)
        for (const by of [people.member, people.viewer]) expect((await read(by, id)).status).toBe(200)
      if (ownable) expect((await read(people.own, mine)).status).toBe(200)
    })

    test('is refused to who may read nothing, though they write', async () => {
      await stage.denied(people.nobody, 'read', () => read(people.nobody, id))
      if (groupable) await stage.denied(people.blind, 'read', () => read(people.blind, id))
    })

    test('is a 404 to all others', async () => {
      await stage.hidden(people.foreigner, () => read(people.foreigner, id))
      if (groupable) await stage.hidden(people.member, () => read(people.member, there))
      if (groupable && ownable) await stage.hidden(people.member, () => read(people.member, mine))
      if (ownable) await stage.hidden(people.own, () => read(people.own, id))
      for (const one of [randomUUID(), 'nonsense', `${id}0`])
        await stage.hidden(people.owner, () => read(people.owner, one))
    })

    testIf(resource.soft)('is shown of what is deleted, to the same', async () => {
      const gone = await stage.row()
      await stage.remove(gone)
      expect((await read(people.owner, gone)).status).toBe(200)
      if (groupable) await stage.hidden(people.outsider, () => read(people.outsider, gone))
    })
  })

  const counted = Object.values(resource.columns).some(
    ({ filterable, kind }) => filterable && (kind.name === 'choice' || kind.name === 'flag'),
  )
  test('the list, its page, its counts and its file are refused to who may read nothing', async () => {
    const { nobody } = people
    const attempts = [
      () => stage.as(nobody).get(stage.api()),
      () => stage.browser(nobody).get(stage.page()),
      () => stage.as(nobody).get(stage.api('?format=csv')),
      ...(counted ? [() => stage.as(nobody).get(stage.api('/facets'))] : []),
      () => stage.browser(nobody).get(stage.page('?format=csv')),
    ]
    for (const attempt of attempts) await stage.denied(nobody, 'read', attempt)
  })

  test('nobody who hasn’t signed in gets anything', async () => {
    const { app } = stage.entity
    for (const below of ['', `/${id}`, `/${id}/history`, '?format=csv'])
      expect((await app.request(stage.api(below))).status).toBe(401)
  })

  describe('pages offer', () => {
    const page = async (by: Person, below = '') => (await stage.browser(by).get(stage.page(below))).text
    const { one } = resource.declared

    test('what may be done, and no more', async () => {
      const ours = await page(people.owner)
      const theirs = await page(people.looker, '?limit=200&sort=-created_at')
      for (const offer of [`href="${stage.page('/new')}"`, `action="${stage.page('/bulk/preview')}"`]) {
        expect(ours).toContain(offer)
        expect(theirs).not.toContain(offer)
      }
      expect(theirs).toContain(`href="${stage.page(`/${id}`)}"`)
      const [all, some, none] = await Promise.all(
        [people.owner, people.keeper, people.looker].map((by) => page(by, `/${id}`)),
      )
      for (const offer of [`href="${stage.page(`/${id}/edit`)}"`, `href="${stage.page(`/${id}/delete`)}"`]) {
        expect(all).toContain(offer)
        expect(none).not.toContain(offer)
        // who may change some may not change this one
        if (ownable) expect(some).not.toContain(offer)
      }
      if (groupable) expect(await page(people.viewer, `/${id}`)).not.toContain(`/${id}/edit"`)
      for (const action of ['update', 'delete']) {
        const able = await personWith(org, [...stage.codes(['read', action], 'all')])
        const text = await page(able, `/${id}`)
        expect([action, text.includes(`/${id}/edit"`)]).toEqual([action, action === 'update'])
        expect([action, text.includes(`/${id}/delete"`)]).toEqual([action, action === 'delete'])
      }
    })

    test('the forms to those alone who may send them', async () => {
      for (const by of [people.owner]) {
        expect((await stage.browser(by).get(stage.page('/new'))).text).toContain(`Add ${one}`)
        expect((await stage.browser(by).get(stage.page(`/${id}/edit`))).status).toBe(200)
      }
      const form = (by: Person) => stage.browser(by).get(stage.page('/new'))
      const edit = (by: Person, one = id) => stage.browser(by).get(stage.page(`/${one}/edit`))
      for (const by of [people.nobody, people.looker]) {
        await stage.denied(by, 'create', () => form(by))
        await stage.denied(by, 'update', () => edit(by))
      }
      if (ownable) await stage.denied(people.keeper, 'update', () => edit(people.keeper))
      if (groupable) {
        expect((await edit(people.blind)).status).toBe(200)
        await stage.hidden(people.outsider, () => edit(people.outsider))
        await stage.hidden(people.blind, () => edit(people.blind, there))
      }
      await stage.hidden(people.foreigner, () => edit(people.foreigner))
      const question = (by: Person, one = id) => stage.browser(by).get(stage.page(`/${one}/delete`))
      expect((await question(people.owner)).text).toContain('value="DELETE"')
      await stage.denied(people.looker, 'delete', () => question(people.looker))
      await stage.hidden(people.foreigner, () => question(people.foreigner))
      if (groupable) {
        const named = await stage.row(stage.named('Secretname'))
        expect((await question(people.owner, named)).text.includes('Secretname')).toBe(
          typeof resource.declared.title === 'string',
        )
        const blind = await personWith(org, stage.codes(['delete'], 'all'))
        const unnamed = await question(blind, named)
        expect([unnamed.status, unnamed.text.includes('Secretname')]).toEqual([200, false])
        await stage.denied(people.viewer, 'delete', () => question(people.viewer, named))
      }
      const gone = await stage.row()
      await stage.remove(gone)
      await stage.hidden(people.owner, () => edit(people.owner, gone))
      await stage.hidden(people.owner, () => question(people.owner, gone))
      if (!resource.soft) return
      expect(await page(people.owner, `/${gone}`)).toContain(`action="${stage.page(`/${gone}/restore`)}"`)
      expect(await page(people.looker, `/${gone}`)).not.toContain('/restore"')
    })
  })

  describeIf(ownable && groupable)('names of others', () => {
    test('come with a record as far as the reader may see them', async () => {
      const somebody = await makeUser(org, { first_name: 'Theo', last_name: 'Ther', groups: [group] })
      const id = await stage.row({ owner_user_id: somebody.id })
      const body = async (by: Person) => (await stage.as(by).get(stage.api(`/${id}`))).json<RecordRow>()
      const alone = { owner_user_id: somebody.id, owner_user: { id: somebody.id } }
      expect(await body(people.looker)).toMatchObject(alone)
      const named = { owner_user: { id: somebody.id, name: 'Theo Ther' } }
      expect(await body(people.owner)).toMatchObject(named)
      const colleague = await personWith(org, [...stage.codes(['read'], 'all'), 'user:read:group'], {
        groups: [group],
      })
      expect(await body(colleague)).toMatchObject(named)
      const stranger = await personWith(org, [...stage.codes(['read'], 'all'), 'user:read:group'])
      for (const by of [people.looker, stranger]) {
        expect(Object.keys((await body(by)).owner_user as object)).toEqual(['id'])
        const pages = ['', `/${id}`, `/${id}/history`].map((below) =>
          stage.browser(by).get(stage.page(below)),
        )
        for (const { text } of await Promise.all(pages)) expect(text).not.toContain('Theo')
      }
      expect((await stage.browser(people.owner).get(stage.page(`/${id}`))).text).toContain('Theo Ther')
      const [row] = await listed(stage, people.looker, `?limit=200`).then((all) =>
        all.filter((r) => r.id === id),
      )
      expect(row).toEqual(await body(people.looker))
    })

    test('are offered by forms as far as the reader may see them, and are there', async () => {
      const offers = async (by: Person, q: string) =>
        (await stage.browser(by).post(stage.page(), { find: 'owner_user_id', 'find.owner_user_id': q })).text
      const [near, far, gone] = [
        await makeUser(org, { groups: [group] }),
        await makeUser(org),
        await makeUser(org),
      ]
      await stage.deleted('users', gone.id)
      const maker = (permissions: string[]) =>
        personWith(org, [...stage.codes(['create', 'read'], 'all'), ...permissions], { groups: [group] })
      const seen = (by: Person) =>
        Promise.all(
          [near, far, gone].map(async ({ id, username }) =>
            (await offers(by, username)).includes(`value="${id}"`),
          ),
        )
      expect(await seen(people.owner)).toEqual([true, true, false])
      expect(await seen(await maker(['user:read:group']))).toEqual([true, false, false])
      expect(await seen(await maker([]))).toEqual([false, false, false])
    })
  })

  describe('the history', () => {
    type History = {
      data: {
        id: string
        action: string
        actor: { id: string; name?: string }
        changes: { field: string }[]
      }[]
      next: string | null
    }
    const history = async (by: Person, id: string, query = '') =>
      (await stage.as(by).get(stage.api(`/${id}/history${query}`))).json<History>()

    test('tells who did what, the newest first, also of what is deleted', async () => {
      const { owner } = people
      const made = await stage.as(owner).post(stage.api(), stage.entity.sample())
      const { id } = made.json<RecordRow>()
      await stage.as(owner).patch(stage.api(`/${id}`), stage.entity.change)
      await stage.as(owner).delete(stage.api(`/${id}`))
      if (!resource.soft) await stage.hidden(owner, () => stage.as(owner).get(stage.api(`/${id}/history`)))
      if (!resource.soft) return
      const { data, next } = await history(owner, id)
      const acts = ['delete', 'update', 'create'].map((action) => `${stage.model}:${action}`)
      expect([data.map(({ action }) => action), next]).toEqual([acts, null])
      expect(data.map(({ actor }) => actor)).toEqual(Array(3).fill({ id: owner.id, name: owner.username }))
      const changed = data[1]?.changes.map(({ field }) => field).sort()
      expect(changed).toEqual(Object.keys(stage.entity.change).sort())
      const lines = await trail(org, { target: id })
      const [, , first] = data
      expect(first?.changes.map(({ field }) => field).sort()).toEqual(
        Object.keys(lines[0]?.data.after ?? {}).sort(),
      )
    })

    test('names the actor to those alone who may see people', async () => {
      const { id } = (await stage.as(people.owner).post(stage.api(), stage.entity.sample())).json<RecordRow>()
      const { data } = await history(people.looker, id)
      expect(data[0]?.actor).toEqual({ id: people.owner.id })
    })

    test('goes on where the page before ended', async () => {
      const id = await stage.row()
      const [name] = Object.keys(stage.entity.change)
      const values = [stage.entity.change, stage.whole()].map((body) => ({
        [name as string]: body[name as string],
      }))
      for (let n = 0; n < 51; n++)
        await stage.as(people.owner).patch(stage.api(`/${id}`), values[n % 2] as object)
      const first = await history(people.owner, id)
      expect(first.data).toHaveLength(50)
      const rest = await history(people.owner, id, `?before=${first.next}`)
      expect([rest.data.length, rest.next]).toEqual([2, null])
      const ids = [...first.data, ...rest.data].map(({ id }) => id)
      expect(new Set(ids).size).toBe(52)
      for (const wrong of ['?before=x', '?after=1', '?limit=3'])
        expect((await stage.as(people.owner).get(stage.api(`/${id}/history${wrong}`))).status).toBe(400)
      const page = await stage.browser(people.owner).get(stage.page(`/${id}/history`))
      expect(page.text).toContain(`?before=${first.next}"`)
    })
  })
}
