import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { trail } from '#tests/access/trail.ts'
import type { Answer } from '#tests/client.ts'
import { type Person, personWith } from '#tests/people.ts'
import { listed, testIf } from '#tests/resource/form.ts'
import { Stage } from '#tests/resource/stage.ts'

type Outcome = { id: string; status: 'done' | 'unchanged' | 'refused'; reason?: string }
type Previewed = { count: number; hash: string; names: string[]; consequence: string | null }
type BulkAnswer = { done: number; unchanged: number; refused: number; results: Outcome[] }

/** The same to many records, each as it would be alone. */
export function bulk(given: Stage): void {
  const { people, org, groupable, resource } = given
  const { thousands } = given.entity
  const { searched } = resource.declared
  const send = (by: Person, body: object, stage = given) => stage.as(by).post(stage.api('/bulk'), body)
  const preview = (by: Person, body: object, stage = given) =>
    stage.as(by).post(stage.api('/bulk/preview'), body)
  /** As a program does it that confirms what the preview found. */
  const agreed = async (by: Person, body: object, stage = given) => {
    const { count, hash } = (await preview(by, body, stage)).json<Previewed>()
    return send(by, { ...body, count, hash }, stage)
  }
  const requestOf = (answer: Answer) => answer.headers.get('x-request-id') as string
  const made = (count: number, body = {}) => given.rows(Array.from({ length: count }, () => body))

  testIf(groupable && thousands)(
    'a thousand of mixed rights are each done or refused, with reasons and in the trail',
    async () => {
      const by = await personWith(
        org,
        [...given.codes(['read'], 'all'), ...given.codes(['delete'], 'group')],
        {
          groups: [given.group],
        },
      )
      const mine = await made(600, { owner_group_id: given.group })
      const visible = await made(300, { owner_group_id: given.elsewhere })
      const foreign = await given.rows(Array(50).fill({}), given.foreign)
      const gone = await made(10, { owner_group_id: given.group })
      await given.remove(...gone)
      const never = Array.from({ length: 40 }, () => randomUUID() as string)
      const ids = [...never, ...visible, ...mine, ...foreign, ...gone]
      const answer = await send(by, { action: 'delete', ids })
      expect(answer.status, answer.text.slice(0, 300)).toBe(200)
      const { done, refused, results } = answer.json<BulkAnswer>()
      expect([done, refused]).toEqual([600, 400])
      expect(results.map(({ id }) => id).sort()).toEqual([...ids].sort())
      const of = (some: readonly string[]) => {
        const wanted = new Set(some)
        return results
          .filter(({ id }) => wanted.has(id))
          .map(({ status, reason }) => `${status} ${reason ?? ''}`)
      }
      expect(new Set(of(mine))).toEqual(new Set(['done ']))
      expect(new Set(of(visible))).toEqual(new Set(['refused You don’t have access to this.']))
      // what isn't seen is refused alike, whatever it is
      expect(new Set(of([...foreign, ...gone, ...never])).size).toBe(1)
      const rows = await given.all()
      const deleted = new Set(rows.filter((row) => row.deleted_at !== null).map(({ id }) => id))
      expect([mine.every((id) => deleted.has(id)), visible.some((id) => deleted.has(id))]).toEqual([
        true,
        false,
      ])
      const lines = await trail(org, { request: requestOf(answer) })
      const targets = (action: string) =>
        lines.filter((line) => line.action === action).map(({ target_id }) => target_id)
      expect(targets(`${given.model}:delete`).sort()).toEqual([...mine].sort())
      expect(targets('access:denied').sort()).toEqual([...visible].sort())
      expect(lines).toHaveLength(900)
      for (const line of lines) expect(line).toMatchObject({ actor_user_id: by.id, via: 'api' })
      expect(await trail(given.foreign, { request: requestOf(answer) })).toEqual([])
    },
    60_000,
  )

  test('is for who may do it at all', async () => {
    const [id = ''] = await made(1)
    for (const by of [people.nobody, people.looker])
      for (const action of given.bulkActions)
        await given.denied(by, 'delete', () => send(by, { action, ids: [id] }))
    if (groupable) {
      const seen = await given.row()
      const answer = await send(people.viewer, { action: 'delete', ids: [seen] })
      const { results } = answer.json<BulkAnswer>()
      expect(results).toMatchObject([{ status: 'refused', reason: 'You don’t have access to this.' }])
      expect(await trail(org, { request: requestOf(answer) })).toMatchObject([
        { action: 'access:denied', target_id: seen, actor_user_id: people.viewer.id },
      ])
    }
  })

  test('of an id that comes twice, in any writing, does it once', async () => {
    const [id = '', other = ''] = await made(2)
    const answer = await send(people.owner, { action: 'delete', ids: [id, id.toUpperCase(), id, other] })
    expect(answer.json<BulkAnswer>()).toMatchObject({ done: 2, refused: 0 })
    const lines = await trail(org, { request: requestOf(answer) })
    expect(lines.map(({ target_id }) => target_id).sort()).toEqual([id, other].sort())
    if (!resource.soft) return
    const back = await send(people.owner, { action: 'restore', ids: [id, other] })
    expect(back.json<BulkAnswer>()).toMatchObject({ done: 2, refused: 0 })
    expect((await trail(org, { request: requestOf(back) })).map(({ action }) => action)).toEqual(
      Array(2).fill(`${given.model}:restore`),
    )
  })

  testIf(resource.soft)('counts what was so already, and leaves it as it is', async () => {
    const [gone = '', there = ''] = await made(2)
    await given.remove(gone)
    const was = await given.stored(there)
    const answer = await send(people.owner, { action: 'restore', ids: [gone, there] })
    expect(answer.json<BulkAnswer>()).toMatchObject({ done: 1, unchanged: 1, refused: 0 })
    expect((await trail(org, { request: requestOf(answer) })).map(({ target_id }) => target_id)).toEqual([
      gone,
    ])
    expect(await given.stored(there)).toEqual(was)
    const browser = given.browser(people.owner)
    const page = await browser.post(given.page('/bulk'), { action: 'restore', ids: [there] })
    const list = await browser.get(page.headers.get('location') as string)
    expect(list.text).toContain(`1 ${resource.declared.one} not deleted`)
  })

  test.each<[string, object, string | null]>([
    ['an action that there isn’t', { action: 'nonsense', ids: [randomUUID()] }, 'action'],
    ['an action of the language', { action: 'constructor', ids: [randomUUID()] }, 'action'],
    ['no action', { ids: [randomUUID()] }, 'action'],
    ['no ids', { action: 'delete' }, 'ids'],
    ['an empty list', { action: 'delete', ids: [] }, 'ids'],
    ['ids that are none', { action: 'delete', ids: ['nonsense'] }, 'ids'],
    ['no records', { action: 'delete', matching: '' }, 'matching'],
    ['blanks', { action: 'delete', matching: ' ' }, 'matching'],
    ['signs', { action: 'delete', matching: searched ? 'q=+-+.' : 'deleted=' }, 'matching'],
    ['an order alone', { action: 'delete', matching: 'sort=-created_at' }, 'matching'],
    ['a page', { action: 'delete', matching: 'limit=1' }, 'matching'],
    ['what there isn’t', { action: 'delete', matching: 'nonsense=1' }, 'matching'],
    ['all, but not quite', { action: 'delete', all: 'yes' }, 'all'],
    ['nothing', { action: 'delete', all: false }, 'all'],
    ['two selections', { action: 'delete', ids: [randomUUID()], all: true }, 'ids'],
    ['1,001 ids', { action: 'delete', ids: Array.from({ length: 1001 }, () => randomUUID()) }, 'ids'],
  ])('%s is a 422', async (_, body, path) => {
    const answer = await given.untouched(() => send(people.owner, body))
    expect([answer.status, answer.json().errors?.map((error) => error.path.split('.')[0])]).toEqual([
      422,
      [path],
    ])
    const page = await given.browser(people.owner).post(given.page('/bulk'), body as Record<string, string>)
    expect(page.status).toBe(422)
  })

  describe('all that match', () => {
    test('are those that the list shows its reader, and no others', async () => {
      const stage = await Stage.of(given.entity)
      const { owner } = stage.people
      await stage.rows(Array.from({ length: 30 }, (_, n) => (n % 3 ? {} : stage.named(`Shared name ${n}`))))
      const some = searched ? ['q=nothinglikeit', 'q=shared'] : []
      const selections = [...some.map((matching) => ({ matching })), { matching: '', all: true }]
      for (const { matching: query, ...all } of selections) {
        const seen = (await listed(stage, owner, `?limit=200&${query}`)).map(({ id }) => id)
        const which = 'all' in all ? all : { matching: query }
        const answer = await agreed(owner, { action: 'delete', ...which }, stage)
        if (!seen.length) {
          expect(answer.status).toBe(422)
          continue
        }
        expect(answer.json<BulkAnswer>().results.map(({ id, status }) => `${id} ${status}`)).toEqual(
          seen.sort().map((id) => `${id} done`),
        )
        expect(await listed(stage, owner, `?limit=200&${query}`)).toEqual([])
      }
      if (!resource.soft) return
      const gone = (await listed(stage, owner, '?limit=200&deleted=true')).length
      expect(gone).toBe(30)
      const back = await agreed(owner, { action: 'restore', matching: 'deleted=true' }, stage)
      expect(back.json<BulkAnswer>()).toMatchObject({ done: 30, refused: 0 })
      expect(await listed(stage, owner, '?limit=200&deleted=true')).toEqual([])
    })

    testIf(groupable)(
      'are looked for with the right to read, and changed with the right to change',
      async () => {
        const stage = await Stage.of(given.entity)
        const narrow = await personWith(
          stage.org,
          [...stage.codes(['read'], 'group'), ...stage.codes(['delete'], 'all')],
          {
            groups: [stage.group],
          },
        )
        const here = await stage.row()
        const there = await stage.row({ owner_group_id: stage.elsewhere })
        const answer = await agreed(narrow, { action: 'delete', all: true }, stage)
        expect(answer.json<BulkAnswer>().results).toEqual([{ id: here, status: 'done' }])
        expect((await stage.stored(there)).deleted_at).toBeNull()
        const blind = await personWith(stage.org, stage.codes(['delete'], 'all'))
        const every = { action: 'delete', all: true }
        await stage.denied(blind, 'read', () => preview(blind, every, stage))
        await stage.denied(blind, 'read', () => send(blind, { ...every, count: 1, hash: 'x' }, stage))
        const keeper = await agreed(stage.people.keeper, { action: 'delete', all: true }, stage)
        expect(keeper.json<BulkAnswer>()).toMatchObject({ done: 0, refused: 1 })
      },
    )

    testIf(thousands)(
      'are refused where they are more than a thousand, and done where they are just that',
      async () => {
        const stage = await Stage.of(given.entity)
        const { owner } = stage.people
        const [one = ''] = await stage.rows(Array(1001).fill({}))
        const many = await stage.untouched(() => preview(owner, { action: 'delete', all: true }, stage))
        expect([many.status, many.json().detail]).toEqual([
          422,
          'More than 1000 match. You can change up to 1000 at a time; narrow the list.',
        ])
        await stage.remove(one)
        const answer = await agreed(owner, { action: 'delete', all: true }, stage)
        expect(answer.json<BulkAnswer>()).toMatchObject({ done: 1000, refused: 0 })
      },
      60_000,
    )

    test.each(['nonsense=1', 'sort=nonsense', 'limit=0', 'after=x', 'deleted=perhaps'])(
      '%s is a 422',
      async (matching) => {
        const answer = await given.untouched(() =>
          send(people.owner, { action: 'delete', matching, count: 1, hash: 'x' }),
        )
        expect([answer.status, answer.json().errors?.map(({ path }) => path)]).toEqual([422, ['matching']])
      },
    )
  })
}
