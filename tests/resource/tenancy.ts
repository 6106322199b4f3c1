import { beforeAll, describe, expect, test } from 'vitest'
import { unique } from '#tests/factories.ts'
import { listed, pageOf } from '#tests/resource/form.ts'
import type { Stage } from '#tests/resource/stage.ts'

/** Nothing of another organization, whichever way one asks. */
export function tenancy(stage: Stage): void {
  const { people, foreign, resource } = stage
  const { owner, foreigner } = people
  const { searched } = resource.declared
  const word = unique('zzforeign').replace('-', '')
  let theirs: string[]
  beforeAll(async () => {
    theirs = await stage.rows([stage.named(`Zz ${word}`), stage.named(`Zz ${word}`), {}], foreign)
    await stage.remove(theirs[2] as string)
  })

  /** Answers to the owner, and how many of them told something. */
  const clean = async (paths: readonly string[]) => {
    for (const path of paths) {
      for (const { status, text } of [
        await stage.as(owner).get(stage.api(path)),
        await stage.browser(owner).get(stage.page(path)),
      ]) {
        expect(status, path).toBe(200)
        // a page repeats what was searched for
        for (const secret of path.includes(word) ? theirs : [...theirs, word])
          expect(text, path).not.toContain(secret)
      }
    }
  }

  test('a list, its filters, its file and its cursors stay within', async () => {
    const { page } = await pageOf(stage, foreigner, '?limit=1')
    const filters = Object.entries(resource.columns).flatMap(([name, { filterable, options, kind }]) =>
      filterable
        ? (options ?? (kind.name === 'flag' ? ['true', 'false'] : [])).map((value) => `?${name}=${value}`)
        : [],
    )
    const cursor = (way: string) => `?limit=200&${way}=${page.next}`
    const others = searched ? [`?q=${word}`] : []
    await clean([
      '?limit=200',
      ...(resource.soft ? ['?limit=200&deleted=true'] : []),
      ...others,
      ...filters,
      cursor('after'),
      cursor('before'),
      '?format=csv',
    ])
    const inTheirs = await listed(stage, foreigner, '?limit=200')
    expect(inTheirs.map(({ id }) => id)).toEqual(expect.arrayContaining(theirs.slice(0, 2)))
    if (searched) expect(await listed(stage, owner, `?q=${word}`)).toEqual([])
    if (searched) expect(await listed(stage, foreigner, `?q=${word}`)).toHaveLength(2)
  })

  test('a count tells nothing of what is elsewhere', async () => {
    const total = async () => (await pageOf(stage, owner)).page.total
    const before = await total()
    await stage.rows([{}, {}], foreign)
    expect(await total()).toBe(before)
    await stage.row()
    expect(await total()).toBe(before + 1)
  })

  describe.each(stage.bulkActions)('bulk %s', (action) => {
    test('of theirs is refused as if they never were, and does nothing', async () => {
      const bulk = (body: object) => stage.as(owner).post(stage.api('/bulk'), { action, ...body })
      const answer = await stage.untouched(() => bulk({ ids: theirs }))
      expect(answer.status).toBe(200)
      const { done, results } = answer.json<{ done: number; results: { reason: string }[] }>()
      const [never] = (await bulk({ ids: [foreign.id] })).json<{ results: { reason: string }[] }>().results
      expect([done, results.map(({ reason }) => reason)]).toEqual([0, theirs.map(() => never?.reason)])
      const page = await stage.browser(owner).post(stage.page('/bulk'), { action, ids: theirs })
      for (const secret of [word, `href="${stage.page(`/${theirs[0]}`)}"`])
        expect(page.text).not.toContain(secret)
      if (searched) {
        const matching = await stage.untouched(() => bulk({ matching: `q=${word}` }))
        expect(matching.status).toBe(422)
      }
    })
  })

  test('what is written there stays there, and comes back there alone', async () => {
    const made = await stage.as(foreigner).post(stage.api(), stage.entity.sample())
    const { id } = made.json<{ id: string }>()
    expect(await stage.stored(id)).toMatchObject({ org_id: foreign.id })
    await stage.hidden(owner, () => stage.as(owner).get(stage.api(`/${id}`)))
    expect((await stage.as(foreigner).patch(stage.api(`/${id}`), stage.entity.change)).status).toBe(200)
  })
}
