import { beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor, type KeyType } from '#src/db/paging.ts'
import { unique } from '#tests/factories.ts'
import { describeIf, facets, listed, pageOf, testIf } from '#tests/resource/form.ts'
import { type Body, Stage, type Stored } from '#tests/resource/stage.ts'
import { filtersOf, varied, wrongFilters } from '#tests/resource/variety.ts'

const ROWS = 23

/** The list: search, filters, sorts and places, each against what is stored. */
export function lists(given: Stage): void {
  const { resource } = given
  const { sorts, defaultSort } = resource.list
  const { title, searched } = resource.declared
  const usual = defaultSort.replace('-', '')
  let stage: Stage
  let stored: Stored[]
  beforeAll(async () => {
    // an organization of its own, whose rows are known
    stage = await Stage.of(given.entity)
    await stage.rows(Array.from({ length: ROWS }, (_, n) => variant(n)))
    await stage.remove(...(await stage.rows([{}, {}, {}])))
    stored = (await stage.all()).filter((row) => row.deleted_at === null)
  })

  /** A sample with ties, with nothing, and with every choice. */
  function variant(n: number): Body {
    const body: Body = {}
    for (const [name, column] of Object.entries(resource.columns)) {
      if (column.write === 'never' && !column.filterable) continue
      const value = varied(column, n, stage)
      if (value !== undefined) body[name] = value
    }
    return n % 3 ? body : { ...body, ...stage.named('Same everywhere') }
  }

  const all = async (query = '') => listed(stage, stage.people.owner, `?limit=200${query && `&${query}`}`)
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)

  describe.each(Object.entries(sorts).flatMap(([sort, declared]) => [[sort, declared] as const]))(
    'by %s',
    (sort, [column, type]) => {
      test('is in order, both ways, ties by id', async () => {
        const expected = [...stored].sort((a, b) => inOrder(type, a, b, column))
        expect(ids(await all(`sort=${sort}`))).toEqual(ids(expected))
        expect(ids(await all(`sort=-${sort}`))).toEqual(ids(expected).reverse())
      })

      test.each([sort, `-${sort}`])('%s is walked forwards and backwards without loss', async (sort) => {
        const whole = ids(await all(`sort=${sort}`))
        for (const limit of [1, 7, ROWS - 1, ROWS]) {
          const walked: string[] = []
          let after: string | null = ''
          let previous: string | null = null
          while (after !== null) {
            const { data, page } = await pageOf(stage, stage.people.owner, address({ sort, limit, after }))
            expect([page.total, page.previous === null]).toEqual([ROWS, after === ''])
            walked.push(...ids(data))
            after = page.next
            previous = page.previous
          }
          expect(walked).toEqual(whole)
          const backwards: string[] = []
          for (let before = previous; before !== null; ) {
            const { data, page } = await pageOf(stage, stage.people.owner, address({ sort, limit, before }))
            expect(page.next).not.toBeNull()
            backwards.unshift(...ids(data))
            before = page.previous
          }
          expect(backwards).toEqual(whole.slice(0, backwards.length))
          expect(backwards.length).toBeGreaterThanOrEqual(ROWS - limit)
        }
      })
    },
  )

  test(`begins with ${defaultSort}, 25 at a time`, async () => {
    expect(ids(await all())).toEqual(ids(await all(`sort=${defaultSort}`)))
    const { page } = await pageOf(stage, stage.people.owner)
    expect(page).toMatchObject({ limit: 25, total: ROWS })
    expect(ids(await listed(stage, stage.people.owner, '?limit=5&offset=9'))).toEqual(
      ids(await all()).slice(9, 14),
    )
    const beyond = await pageOf(stage, stage.people.owner, '?offset=10000')
    expect([beyond.data, beyond.page.total]).toEqual([[], ROWS])
  })

  const columns = Object.entries(resource.columns).filter(([, { filterable }]) => filterable)
  const filters = () => columns.map(([name, column]) => [name, filtersOf(name, column, stage)] as const)
  describe.each(columns)('filtered by %s', (name, column) => {
    test('shows those that fit and no others', async () => {
      const counts: number[] = []
      for (const [query, fits] of filtersOf(name, column, stage)) {
        const found = ids(await all(query)).sort()
        expect([query, found]).toEqual([query, ids(stored.filter((row) => fits(row[name]))).sort()])
        const { page } = await pageOf(stage, stage.people.owner, `?limit=1&${query}`)
        expect(page.total).toBe(found.length)
        counts.push(found.length)
      }
      // it tells some rows from others
      expect(counts.some((count) => count > 0 && count < ROWS)).toBe(true)
    })

    test.each(wrongFilters(name, column))('%s is a 400', (query) => refused(query, new RegExp(`^${name}`)))
  })

  testIf(!searched)('a search is a 400 where nothing is searched', () =>
    refused('q=x', /^q: no such parameter/),
  )

  test('what is deleted stands by itself', async () => {
    if (!resource.soft) return refused('deleted=true', /^deleted: no such parameter/)
    const gone = await all('deleted=true')
    expect(gone).toHaveLength(3)
    for (const row of gone) expect(row.deleted_at).not.toBeNull()
    expect(ids(await all('deleted='))).toEqual(ids(await all()))
    return refused('deleted=false', /^deleted: Choose true/)
  })

  test('a combination of filters needs all of them', async () => {
    const each = filters().flatMap(([name, all]) => all.slice(0, 1).map((one) => [name, ...one] as const))
    const query = each.map(([, part]) => part).join('&')
    const fits = stored.filter((row) => each.every(([name, , fitting]) => fitting(row[name])))
    expect(ids(await all(query)).sort()).toEqual(ids(fits).sort())
  })

  const counted = columns.some(([, { kind }]) => kind.name === 'choice' || kind.name === 'flag')
  testIf(counted)('the facets count what each value of a filter would show', async () => {
    const query = filters().flatMap(([, all]) => all.slice(0, 1).map(([part]) => part))
    for (const chosen of ['', ...query]) {
      for (const [name, values] of Object.entries(await facets(stage, stage.people.owner, chosen)))
        for (const { value, count } of values) {
          const others = chosen.startsWith(`${name}=`) ? '' : `&${chosen}`
          expect([name, value, count]).toEqual([name, value, (await all(`${name}=${value}${others}`)).length])
        }
    }
  })

  test.each<[string, RegExp]>([
    ['nonsense=1', /^nonsense: no such parameter; choose from (q, )?sort, limit/],
    ['a=1&b=2', /^a, b: no such parameter/],
    ['org_id=1', /^org_id: no such parameter/],
    ['created_by=x', /^created_by: no such parameter/],
    ['sort=nonsense', /^sort: Choose one of/],
    ['sort=deleted_at', /^sort: Choose one of/],
    [`sort=--${usual}`, /^sort: Choose one of/],
    ['sort=__proto__', /^sort: Choose one of/],
    ['limit=0', /^limit/],
    ['limit=201', /^limit/],
    ['limit=ten', /^limit/],
    ['offset=10001', /^offset/],
    ['after=nonsense', /place in the list/],
    ['before=', /^$/],
    [`after=${encodeCursor(defaultSort, { key: 'a', id: 'x' })}`, /place in the list/],
    [`sort=-${usual}&after=${encodeCursor(usual, { key: 'a', id: given.org.id })}`, /place in the list/],
    [`q=${'x'.repeat(201)}`, /^q/],
    ['q=a&q=b', /^q is given twice/],
    ['format=xml', /^format must be/],
  ])('%s is a 400 that says why', async (query, detail) => {
    if (query === 'before=') return expect(ids(await all(query))).toEqual(ids(await all()))
    return refused(query, detail)
  })

  test('a cursor is a place, whoever it is from, and shows nothing more', async () => {
    const { page } = await pageOf(stage, stage.people.owner, '?limit=5')
    const { people } = stage
    if (stage.ownable) expect(await listed(stage, people.own, `?after=${page.next}`)).toEqual([])
    const rest = await listed(stage, people.looker, `?limit=200&after=${page.next}`)
    expect(ids(rest)).toEqual(ids(await all()).slice(5))
  })

  test('the page holds search, filters, sort and place', async () => {
    const [filter = ''] = filters().flatMap(([, all]) => all.map(([query]) => query))
    const query = `?${filter}&sort=-${usual}&limit=3`
    const { text } = await stage.browser(stage.people.owner).get(stage.page(query))
    const { data, page } = await pageOf(stage, stage.people.owner, query)
    for (const { id } of data) expect(text).toContain(`id="row-${id}"`)
    expect(text.match(/<tr id="row-/g)).toHaveLength(data.length)
    if (page.next) expect(text).toContain(page.next)
    const none = await stage.browser(stage.people.nobody).get(stage.page())
    expect(none.status).toBe(403)
  })

  describeIf(searched && typeof title === 'string')('the search', () => {
    const name = title as string
    const find = async (q: string) => ids(await all(`q=${encodeURIComponent(q)}`))

    test.each([
      ['Ärzte GmbH & Co', ['arzte', 'ÄRZTE', 'arz', 'ärz gm', 'co arzte'], ['rzte', 'arztea', 'arzte ag']],
      ['Crème brûlée', ['creme', 'BRULEE crème', 'crème'], ['remе', 'creme caramel']],
      ['Жуковский Ёж', ['жук', 'ЁЖ', 'еж'], ['уков']],
      ['東京 ﬁnance Ⅷ', ['東京', 'finance', 'ﬁn'], ['京']],
      ["O'Neil-Smith 3.5%", ["o'neil", 'smith', 'neil', '3.5% smith'], ['%', '_']],
      [
        'Straße हिन्दी x'.concat('y'.repeat(80)),
        ['straße', 'STRAẞE', 'हिन्दी', 'xyyy', `x${'y'.repeat(80)}`],
        ['sse'],
      ],
    ])('finds %s by the beginnings of its words', async (value, hits, misses) => {
      const id = await stage.row(stage.named(value))
      for (const q of hits) expect([q, await find(q)]).toEqual([q, [id]])
      for (const q of misses) expect([q, (await find(q)).includes(id)]).toEqual([q, q === '%' || q === '_'])
      await stage.remove(id)
      expect(await find(hits[0] as string)).toEqual([])
      expect(ids(await all(`deleted=true&q=${encodeURIComponent(hits[0] as string)}`))).toEqual([id])
    })

    test('follows a change at once, and stands beside filters, sorts and places', async () => {
      const words = Array.from({ length: 5 }, (_, n) => `Needle ${unique('n')} ${n}`)
      const made = await stage.rows(words.map((word) => stage.named(word)))
      expect((await find('needle')).sort()).toEqual([...made].sort())
      const first = await pageOf(stage, stage.people.owner, '?q=needle&limit=2')
      const rest = await pageOf(stage, stage.people.owner, `?q=needle&limit=200&after=${first.page.next}`)
      expect(ids([...first.data, ...rest.data])).toEqual(await find('needle'))
      expect(first.page.total).toBe(5)
      if (resource.columns[name]?.write === 'always') {
        await stage.as(stage.people.owner).patch(stage.api(`/${made[0]}`), { [name]: 'Thimble' })
        expect(await find('needle')).toHaveLength(4)
        expect(await find('thimb')).toEqual([made[0]])
      }
      await stage.remove(...made)
    })

    test('is no way to what one doesn’t see', async () => {
      const id = await stage.row(stage.named('Hiddenword'))
      expect(await find('hiddenword')).toEqual([id])
      for (const by of [stage.people.own, stage.people.outsider])
        expect(await listed(stage, by, '?q=hiddenword')).toEqual([])
      await stage.remove(id)
    })
  })

  async function refused(query: string, detail: RegExp): Promise<void> {
    const answer = await stage.as(stage.people.owner).get(stage.api(`?${query}`))
    expect([answer.status, query]).toEqual([400, query])
    expect(answer.json().detail).toMatch(detail)
    expect((await stage.browser(stage.people.owner).get(stage.page(`?${query}`))).status).toBe(400)
  }
}

const address = (query: Record<string, string | number>) =>
  `?${Object.entries(query)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join('&')}`

function inOrder(type: KeyType, a: Stored, b: Stored, column: string): number {
  const [x, y] = [a[column], b[column]]
  const bytes = (p: unknown, q: unknown) => Buffer.compare(Buffer.from(String(p)), Buffer.from(String(q)))
  const byKey = ['integer', 'bigint', 'numeric'].includes(type) ? Number(x) - Number(y) : bytes(x, y)
  return byKey || bytes(a.id, b.id)
}
