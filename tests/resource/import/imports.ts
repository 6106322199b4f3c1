import { expect, test } from 'vitest'
import { csvLines, exportedColumns } from '#src/resource/export.ts'
import { trail } from '#tests/access/trail.ts'
import { type Answer, send } from '#tests/client.ts'
import type { Person } from '#tests/people.ts'
import { testIf } from '#tests/resource/form.ts'
import { type Body, Stage, type Stored } from '#tests/resource/stage.ts'

type Report = {
  imported: number
  rows: number
  error_count: number
  errors: Wrong[]
  ignored_columns: string[]
}
type Wrong = { line: number | null; column: string | null; value: string | null; message: string }

/** Records from files: those that were written by the list, and those that somebody typed. */
export function imports(given: Stage): void {
  const { people, resource } = given
  const columns = given.written('create')
  const names = columns.map(([name]) => name)
  const needed = columns.filter(([, { required }]) => required).map(([name]) => name)

  const csv = (bodies: readonly Body[], head = names) =>
    csvLines([head, ...bodies.map((body) => head.map((name) => cell(body[name])))])
  const cell = (value: unknown) => (value === null || value === undefined ? '' : String(value))
  const upload = (by: Person, file: string, query = '', stage = given) =>
    send(
      stage.api(`/import${query}`),
      {
        method: 'POST',
        body: file,
        headers: {
          Authorization: `Bearer ${by.token}`,
          Accept: 'application/json',
          'Content-Type': 'text/csv',
        },
      },
      stage.entity.app,
    )
  const samples = (count: number) => Array.from({ length: count }, () => given.entity.sample())
  const wrongs = (answer: Answer) => answer.json<{ errors: Wrong[] }>().errors

  test('what was exported comes into another organization without loss', async () => {
    const from = await Stage.of(given.entity)
    const { owner, foreigner } = from.people
    await from.rows(Array.from({ length: 12 }, (_, n) => odd(n)))
    const file = await from.as(owner).get(from.api('?format=csv'))
    const answer = await upload(foreigner, file.text, '', from)
    expect(answer.status, answer.text).toBe(200)
    const report = answer.json<Report>()
    const ignored = exportedColumns(resource).filter((name) => !names.includes(name))
    expect(report).toMatchObject({ imported: 12, rows: 12, error_count: 0, errors: [] })
    expect(report.ignored_columns).toEqual(expect.arrayContaining(ignored))
    const told = ({ org_id, ...row }: Stored) => JSON.stringify(names.map((name) => row[name]))
    const [ours, theirs] = await Promise.all([from.org, from.foreign].map(({ id }) => from.of(id)))
    expect(theirs?.map(told).sort()).toEqual(ours?.map(told).sort())
    for (const row of theirs ?? []) expect(row).toMatchObject({ created_by: foreigner.id, version: 1 })
  })

  /** A body with what files stumble over, as far as it has texts. */
  function odd(n: number): Body {
    const texts = [
      '=1+1',
      '-',
      "'",
      '"quoted", twice',
      'Ünïcödé 東京',
      '@x',
      ' , ;',
      "''=1",
      '+',
      'TRUE',
      'a\tb',
      '0012',
    ]
    const text = texts[n % texts.length]?.trim()
    const body: Body = {}
    for (const [name, { kind, rows, required, write }] of columns)
      if (kind.name === 'text' && write === 'always')
        body[name] = rows ? `${text}\n\n=second "line"` : text?.replaceAll('\t', ' ')
      else if (!required && !['text', 'flag', 'choice', 'tags'].includes(kind.name) && n % 2)
        body[name] = null
    return { ...body, ...given.named(`${text?.replaceAll('\t', ' ')} ${n}`) }
  }

  test('every row is made as it would be alone, and is in the trail', async () => {
    const { owner } = people
    const bodies = samples(3)
    const before = new Set((await given.all()).map(({ id }) => id))
    const answer = await upload(owner, csv(bodies))
    expect(answer.json<Report>()).toMatchObject({ imported: 3 })
    const made = (await given.all()).filter(({ id }) => !before.has(id))
    for (const body of bodies)
      expect(made).toContainEqual(expect.objectContaining({ ...body, created_by: owner.id }))
    const lines = await trail(given.org, { request: answer.headers.get('x-request-id') as string })
    expect(lines.map(({ action }) => action)).toEqual(Array(3).fill(`${given.model}:create`))
    for (const line of lines) expect(line).toMatchObject({ actor_user_id: owner.id, via: 'api' })
  })

  test('a dry run says what would be, and makes nothing', async () => {
    const { owner } = people
    const good = await given.untouched(() => upload(owner, csv(samples(2)), '?dry_run=true'))
    expect([good.status, good.json<Report>()]).toMatchObject([200, { imported: 0, rows: 2, error_count: 0 }])
    expect(await trail(given.org, { request: good.headers.get('x-request-id') as string })).toEqual([])
    const bad = await given.untouched(() => upload(owner, 'nonsense\r\n1\r\n', '?dry_run=true'))
    if (needed.length) expect(bad.json<Report>().error_count).toBeGreaterThan(0)
  })

  test('all that is wrong is said at once, with line and column, and nothing is made', async () => {
    const wrong: Record<string, string> = {
      text: 'a\u0007b',
      tags: '-',
      email: 'nobody',
      integer: 'two',
      flag: 'maybe',
      choice: 'nonsense',
      date: '2026-02-30',
      reference: 'x',
      decimal: 'two',
      url: 'nowhere',
      'time zone': 'Nowhere',
      language: 'xx',
    }
    const bodies = [
      given.entity.sample(),
      ...columns.map(([name, { kind }]) => ({ ...given.entity.sample(), [name]: wrong[kind.name] })),
    ]
    const answer = await given.untouched(() => upload(people.owner, csv([...bodies, ...samples(1)])))
    expect(answer.status).toBe(422)
    const found = wrongs(answer).map(({ line, column, value }) => [line, column, value])
    // samples may have texts of several lines
    const height = (body: Body) =>
      1 + names.reduce((sum, name) => sum + cell(body[name]).split('\n').length - 1, 0)
    const lineOf = (at: number) => 2 + bodies.slice(0, at).reduce((sum, body) => sum + height(body), 0)
    expect(found).toEqual(columns.map(([name, { kind }], at) => [lineOf(at + 1), name, wrong[kind.name]]))
    for (const { message } of wrongs(answer)) expect(message).not.toMatch(/invalid|expected|undefined/i)
  })

  testIf(needed.length > 0)(
    'columns are found by name, by label or as they are named, and those that lack are told',
    async () => {
      const { owner } = people
      const [first = ''] = needed
      const label = resource.columns[first]?.label ?? ''
      const [body = {}] = samples(1)
      const renamed = (to: string) => csv([body]).replace(first, to)
      const lacking = await given.untouched(() => upload(owner, renamed('Something else')))
      expect([lacking.status, wrongs(lacking)[0]?.message]).toEqual([422, expect.stringContaining(label)])
      const named = await upload(
        owner,
        renamed('Something else'),
        `?map.${first}=Something else&dry_run=true`,
      )
      expect(named.json<Report>()).toMatchObject({ rows: 1, error_count: 0 })
      for (const name of [label, label.toUpperCase(), ` ${first} `])
        expect((await upload(owner, renamed(name), '?dry_run=true')).json<Report>()).toMatchObject({
          error_count: 0,
        })
      for (const query of ['?nonsense=1', '?map.nonsense=x', '?dry_run=perhaps'])
        expect((await given.untouched(() => upload(owner, csv([body]), query))).status).toBe(400)
    },
  )

  test('it is for those who may make records, as many and where they may', async () => {
    const file = csv(samples(2))
    for (const by of [people.nobody, people.looker]) {
      await given.denied(by, 'create', () => upload(by, file))
      await given.denied(by, 'create', () => upload(by, file, '?dry_run=true'))
    }
    expect((await given.browser(people.owner).get(given.page())).text).toContain(
      `href="${given.page('/import')}"`,
    )
    expect((await given.browser(people.looker).get(given.page())).text).not.toContain(given.page('/import'))
  })

  testIf(given.groupable && given.ownable)(
    'each row has its place, and one in a wrong place stops all',
    async () => {
      const { own, member, owner } = people
      const before = new Set((await given.all()).map(({ id }) => id))
      expect((await upload(own, csv(samples(2)))).json<Report>()).toMatchObject({ imported: 2 })
      expect((await upload(member, csv(samples(2)))).json<Report>()).toMatchObject({ imported: 2 })
      const made = (await given.all()).filter(({ id }) => !before.has(id))
      expect(made.filter(({ owner_user_id }) => owner_user_id === own.id)).toHaveLength(2)
      expect(made.filter(({ owner_group_id }) => owner_group_id === given.group)).toHaveLength(2)
      const places: Body[] = [
        { owner_group_id: given.elsewhere },
        { owner_user_id: owner.id, owner_group_id: given.group },
      ]
      for (const place of places) {
        const [one = {}, two = {}] = samples(2)
        const answer = await given.untouched(() => upload(member, csv([one, { ...two, ...place }])))
        expect(answer.status).toBe(422)
        const lines = await trail(given.org, { request: answer.headers.get('x-request-id') as string })
        expect(lines).toMatchObject([{ action: 'access:denied', data: { wanted: `${given.model}:create` } }])
      }
      const strange = { owner_user_id: people.foreigner.id }
      const answer = await given.untouched(() =>
        upload(owner, csv([{ ...given.entity.sample(), ...strange }])),
      )
      expect([answer.status, wrongs(answer)[0]?.column]).toEqual([422, 'owner_user_id'])
    },
  )

  testIf(resource.declared.taken)(
    'what is taken is told, by what is there and by the file itself',
    async () => {
      const [[field] = ['']] = Object.values(resource.declared.taken ?? {})
      const [there = {}, one = {}, two = {}] = samples(3)
      await given.rows([there])
      const answer = await given.untouched(() =>
        upload(people.owner, csv([there, one, { ...two, [field]: one[field] }])),
      )
      expect(wrongs(answer).map(({ column, value }) => [column, value])).toEqual([
        [field, there[field]],
        [field, one[field]],
      ])
    },
  )
}
