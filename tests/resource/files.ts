import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import { exportedColumns, fromCell } from '#src/resource/export.ts'
import type { Person } from '#tests/people.ts'
import { listed } from '#tests/resource/form.ts'
import { type Body, Stage } from '#tests/resource/stage.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db } = await testDatabase()
const NASTY = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  "'=1",
  "''quoted",
  'a,b;c',
  'say "so"',
  'Ünïcödé 東京',
  "=cmd|' /C calc'!A0",
  '-',
  "'",
]

/** Lists as files. */
export function files(given: Stage): void {
  const { resource } = given
  const { title, searched } = resource.declared
  const columns = exportedColumns(resource)
  const lines = (text: string) => parse(text, { relax_column_count: false }) as string[][]
  const file = async (stage: Stage, by: Person, query = '') => {
    const answer = await stage.as(by).get(stage.api(query), { Accept: 'text/csv' })
    expect(answer.status, answer.text.slice(0, 300)).toBe(200)
    const [head = [], ...rows] = lines(answer.text)
    expect(head.slice(0, columns.length)).toEqual(columns)
    return { rows, text: answer.text, headers: answer.headers }
  }
  const cells = (row: RecordRow) => columns.map((name) => [row[name] ?? ''].flat().join(', '))

  test('hold every row of the view, in its order', async () => {
    const stage = await Stage.of(given.entity)
    const { owner } = stage.people
    const many = stage.entity.thousands ? 3500 : 40
    await stage.rows(Array(many).fill({}))
    await stage.remove(await stage.row())
    const stored = (await stage.all()).filter(({ deleted_at }) => deleted_at === null)
    const byAge = stored.sort(
      (a, b) => -inOrder(String(a.created_at), String(b.created_at)) || -inOrder(a.id, b.id),
    )
    const { rows, text, headers } = await file(stage, owner, '?sort=-created_at')
    expect(rows.map(([id]) => id)).toEqual(byAge.map(({ id }) => id))
    expect(text.match(/\r\n/g)?.length).toBeGreaterThan(many)
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${resource.path.slice(1)}.csv"`)
    const [first] = await listed(stage, owner, '?limit=1&sort=-created_at')
    expect(rows[0]?.slice(0, columns.length).map(fromCell)).toEqual(cells(first as RecordRow))
    // the page of a list doesn't cut its file
    expect((await file(stage, owner, '?limit=10&offset=5')).rows).toHaveLength(many)
    if (stage.entity.thousands) await broken(stage)
  }, 60_000)

  /** A client that goes away after the first piece ends the reading; what is sent is read as it is asked for. */
  async function broken(stage: Stage) {
    const headers = { Accept: 'text/csv', Authorization: `Bearer ${stage.people.owner.token}` }
    const read = async (most: number) => {
      const before = db.counted.statements
      const response = await stage.entity.app.request(stage.api(), { headers })
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      for (let n = 0; n < most && !(await reader.read()).done; n++);
      await reader.cancel()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return db.counted.statements - before
    }
    const whole = await read(100)
    const some = await read(2)
    expect(whole).toBeGreaterThanOrEqual(8)
    expect(some).toBeLessThanOrEqual(whole / 2)
  }

  describe('hold', () => {
    const texts = given.written().filter(([, { kind }]) => kind.name === 'text')

    test('each text as it is, and no formula', async () => {
      const stage = await Stage.of(given.entity)
      const { owner } = stage.people
      const bodies = NASTY.map(
        (value, n): Body =>
          Object.fromEntries(
            texts.map(([name, { rows }]) => [
              name,
              rows ? `${value}\nsecond${n % 2 ? '\r\n"third",\t=3' : ''}` : value,
            ]),
          ),
      )
      await stage.rows(bodies)
      const { rows } = await file(stage, owner)
      const records = new Map((await listed(stage, owner, '?limit=200')).map((row) => [row.id, row]))
      expect(rows).toHaveLength(NASTY.length)
      for (const row of rows) {
        const [id = ''] = row
        expect(row.slice(0, columns.length).map(fromCell)).toEqual(cells(records.get(id) as RecordRow))
        for (const cell of row) if (!/^-?\d+(\.\d+)?$/.test(cell)) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/)
      }
    })

    test('what search and filters let through', async () => {
      const { owner } = given.people
      const { sort, ...filters } = { sort: 'created_at', ...(resource.soft ? { deleted: 'true' } : {}) }
      const gone = await given.row()
      await given.remove(gone)
      const deleted = (await file(given, owner, `?sort=${sort}&${new URLSearchParams(filters)}`)).rows
      expect(deleted.some(([id]) => id === gone)).toBe(resource.soft)
      if (searched && typeof title === 'string') {
        const id = await given.row(given.named('Onlythisone'))
        expect((await file(given, owner, '?q=onlythis')).rows.map(([id]) => id)).toEqual([id])
      }
      if (searched) expect((await file(given, owner, '?q=nosuchthing')).rows).toEqual([])
      expect((await given.as(owner).get(given.api('?nonsense=1&format=csv'))).status).toBe(400)
    })

    test('nothing that the list doesn’t', async () => {
      const some = given.ownable && given.groupable ? [given.people.member, given.people.own] : []
      for (const by of [...some, given.people.looker, given.people.foreigner]) {
        const ids = (await listed(given, by, '?limit=200&sort=created_at')).map(({ id }) => id)
        const { rows } = await file(given, by, '?sort=created_at')
        expect(rows.slice(0, 200).map(([id]) => id)).toEqual(ids)
      }
    })
  })

  test('are asked about by HEAD', async () => {
    const headers = { Authorization: `Bearer ${given.people.owner.token}`, Accept: 'text/csv' }
    const answer = await given.entity.app.request(given.api(), { method: 'HEAD', headers })
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/csv; charset=utf-8',
      '',
    ])
  })
}

const inOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
