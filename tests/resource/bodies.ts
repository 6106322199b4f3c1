import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import { escaped } from '#src/ui/html.ts'
import { trail } from '#tests/access/trail.ts'
import { type Answer, send, versionOf } from '#tests/client.ts'
import { asForm, testIf } from '#tests/resource/form.ts'
import type { Body, Stage } from '#tests/resource/stage.ts'

const LONG = 'x'.repeat(20_000)
const everywhere: unknown[] = [{}, { a: 1 }, [[]], ['a', ['b']]]
const wrong: Record<string, unknown[]> = {
  text: [1, true, LONG, 'a\u0007b', 'a\u001b[0m', '\u0085x'],
  email: [
    1,
    true,
    'nonsense',
    'a@',
    '@example.com',
    'a b@example.com',
    'a@b@example.com',
    `${LONG}@example.com`,
    'a\u0000@b.c',
  ],
  integer: ['two', 1.5, '1.5', true, '1e3', '0x10', 9_999_999_999, '9999999999', -9_999_999_999, ' 1', '١'],
  flag: ['maybe', 1, 0, null, '', 'TRUE', ['maybe']],
  choice: ['nonsense', '', null, 1, true, '__proto__', 'constructor'],
  date: [
    'yesterday',
    '2026-02-30',
    '2026-1-1',
    '2026-01-01T00:00:00Z',
    '0000-01-01',
    '-2026-01-01',
    '+12026-01-01',
    20_260_101,
    true,
  ],
  instant: ['2026-01-01T00:00:00Z', null],
  reference: ['nonsense', 1, true, randomUUID(), `${randomUUID()}x`],
  tags: [
    1,
    null,
    true,
    LONG,
    '-a',
    ['a\u0007b'],
    [''.padEnd(51, 'x')],
    [1],
    Array.from({ length: 51 }, (_, n) => `t${n}`),
  ],
}
/** The fields that nobody writes, whatever the entity. */
const STRANGE = [
  'nonsense',
  'id',
  'org_id',
  'created_at',
  'updated_at',
  'created_by',
  'deleted_at',
  '__proto__',
  'constructor',
]

/** Bodies: what is wrong is said where it is wrong, and nothing is lost or written. */
export function bodies(stage: Stage): void {
  const { resource } = stage
  const { owner } = stage.people
  const writable = stage.written('create')
  let id: string
  beforeAll(async () => {
    id = await stage.row()
  })

  const create = (body: object) => stage.as(owner).post(stage.api(), body)
  const change = (body: object) => stage.as(owner).patch(stage.api(`/${id}`), body)
  const put = (body: object) => stage.as(owner).put(stage.api(`/${id}`), body)

  /** A 422 with a message for a person at just these fields, which wrote nothing. */
  async function refused(attempt: () => Promise<Answer>, paths: readonly string[]) {
    const answer = await stage.untouched(attempt)
    const problem = answer.json()
    expect(
      [answer.status, problem.errors?.map(({ path }) => path.split('.')[0])],
      JSON.stringify(problem),
    ).toEqual([
      // what no text holds is refused before it is looked at
      answer.status === 400 ? 400 : 422,
      [...paths],
    ])
    for (const { message } of problem.errors ?? []) expect(message).not.toMatch(/invalid|expected|undefined/i)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    return answer
  }

  describe.each(writable)('the field %s', (name, column) => {
    const values = [
      ...(wrong[column.kind.name] ?? []),
      ...everywhere,
      ...(column.required ? ['', null, '   '] : []),
      ...(column.kind.name === 'text' && !column.rows ? ['two\nlines', null] : []),
    ]

    test('takes nothing that it isn’t', async () => {
      for (const value of values) {
        await refused(() => create({ ...stage.entity.sample(), [name]: value }), [name])
        if (column.write !== 'always') continue
        await refused(() => change({ [name]: value }), [name])
        await refused(() => put({ ...stage.whole(), [name]: value }), [name])
      }
    }, 30_000)

    test('shows again in a form what was entered, and what is wrong with it', async () => {
      const kept = { ...stage.entity.sample() }
      for (const value of values.filter((value) => typeof value === 'string' && !value.includes('\0'))) {
        const body = asForm({ ...kept, [name]: value })
        const answer = await stage.untouched(() => stage.browser(owner).post(stage.page(), body))
        expect(answer.status, String(value)).toBe(422)
        expect(answer.text).toContain(`href="#${name}"`)
        expect(answer.text).toContain(`id="${name}-error"`)
        for (const [field, { kind }] of writable) expectShown(answer.text, field, kind, body[field])
      }
    }, 30_000)

    testIf(column.write === 'create')('stands when a record is made, and for good', async () => {
      const value = stage.entity.sample()[name]
      await refused(() => change({ [name]: value }), [name])
      await refused(() => put({ ...stage.whole(), [name]: value }), [name])
    })

    testIf(column.required && column.write === 'always')(
      'is needed, but not for a change of others',
      async () => {
        const { [name]: _, ...others } = stage.entity.sample()
        await refused(() => create(others), [name])
        const { [name]: __, ...whole } = stage.whole()
        await refused(() => put(whole), [name])
        expect((await change({})).status).toBe(200)
      },
    )

    testIf(!column.required)('may be missing: then it is as it begins', async () => {
      const { [name]: _, ...others } = stage.entity.sample()
      const made = await create(others)
      expect(made.status, made.text).toBe(201)
      expect(made.json<RecordRow>()[name]).toEqual(column.initial)
      if (column.write !== 'always') return
      const { [name]: __, ...whole } = stage.whole()
      const was = (await stage.stored(id))[name]
      const answer = await put(whole)
      // whose it is stays as it was
      expect([answer.status, answer.json<RecordRow>()[name]]).toEqual([
        200,
        column.kind.name === 'reference' ? was : column.initial,
      ])
    })

    testIf(!column.required && nullable(column))(
      'is emptied by null, and by an empty field of a form',
      async () => {
        const made = await create({ ...stage.entity.sample(), [name]: null })
        expect([made.status, made.json<RecordRow>()[name]]).toEqual([201, null])
        if (column.write !== 'always') return
        expect((await change({ [name]: null })).json<RecordRow>()[name]).toBeNull()
        const form = await stage.browser(owner).patch(stage.page(`/${id}`), { [name]: '' })
        expect(form.status).toBe(303)
        expect((await stage.stored(id))[name]).toBeNull()
      },
    )
  })

  test('a form that is refused for a change shows it again, too', async () => {
    const [[name, column] = []] = stage
      .written()
      .filter(([, { required, kind }]) => required && kind.name === 'text')
    if (!name || !column) return
    const entered = asForm({ ...stage.whole(), [name]: '' })
    const answer = await stage.untouched(() => stage.browser(owner).patch(stage.page(`/${id}`), entered))
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${name}"`)
    for (const [field, { kind }] of stage.written()) expectShown(answer.text, field, kind, entered[field])
    expect(answer.text).toContain('value="PATCH"')
  })

  test('all that is wrong is said at once', async () => {
    const each = writable.filter(([, { kind }]) => wrong[kind.name]?.some((value) => value === true))
    const body = Object.fromEntries(each.map(([name]) => [name, true]))
    const answer = await create({ ...stage.entity.sample(), ...body })
    expect(
      answer
        .json()
        .errors?.map(({ path }) => path)
        .sort(),
    ).toEqual(each.map(([name]) => name).sort())
  })

  test('a field that there isn’t is named, and never written', async () => {
    const unknown = [
      ...STRANGE,
      ...Object.keys(resource.columns).filter((name) => resource.columns[name]?.write === 'never'),
    ]
    for (const name of new Set(unknown)) {
      // as text, since an object literal knows __proto__
      const json = (body: object) =>
        JSON.stringify(body).replace('}', `${body && Object.keys(body).length ? ',' : ''}"${name}":"x"}`)
      const sending = (method: string, path: string, body: object) => () =>
        send(
          path,
          {
            method,
            body: json(body),
            headers: {
              Authorization: `Bearer ${owner.token}`,
              'Content-Type': 'application/json',
              Accept: 'application/json',
            },
          },
          stage.entity.app,
        )
      await refused(sending('POST', stage.api(), stage.entity.sample()), [name])
      await refused(sending('PATCH', stage.api(`/${id}`), {}), [name])
      await refused(sending('PUT', stage.api(`/${id}`), stage.whole()), [name])
      const form = await stage.untouched(() =>
        stage.browser(owner).patch(stage.page(`/${id}`), { [name]: 'x' }),
      )
      expect([name, form.status]).toEqual([name, 422])
    }
  })

  test('what is no JSON object is refused', async () => {
    const headers = {
      Authorization: `Bearer ${owner.token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json',
    }
    for (const body of ['[]', '"x"', 'null', '{', '1', '{"a":1,"a":2}', '{"a":"\\u0000"}']) {
      const answer = await stage.untouched(() =>
        send(stage.api(), { method: 'POST', body, headers }, stage.entity.app),
      )
      expect([body, answer.status]).toEqual([body, 400])
    }
    const xml = { ...headers, 'Content-Type': 'text/xml' }
    const answer = await send(stage.api(), { method: 'POST', body: '<a/>', headers: xml }, stage.entity.app)
    expect(answer.status).toBe(415)
    expect((await create({})).status).toBe(writable.some(([, { required }]) => required) ? 422 : 201)
  })

  test('a change of nothing, or to what it is, changes nothing', async () => {
    const before = await stage.stored(id)
    const same = Object.fromEntries(stage.written().map(([name]) => [name, before[name]]))
    for (const body of [{}, same]) {
      const answer = await stage.untouched(() => change(body))
      expect([answer.status, answer.json<RecordRow>().version]).toEqual([200, before.version])
      expect(versionOf(answer)).toBe(before.version)
      expect(await trail(stage.org, { request: answer.headers.get('x-request-id') as string })).toEqual([])
      const form = await stage.untouched(() => stage.browser(owner).patch(stage.page(`/${id}`), asForm(body)))
      expect(form.status).toBe(303)
    }
  })

  test('a change leaves what it doesn’t name', async () => {
    for (const [name, value] of Object.entries(stage.entity.change)) {
      const before = await stage.stored(id)
      const answer = await change({ [name]: value })
      expect(answer.status).toBe(200)
      const { version, updated_at, ...after } = await stage.stored(id)
      const { version: _, updated_at: __, ...was } = before
      expect(after).toEqual({ ...was, [name]: value })
      expect(answer.json<RecordRow>()).toMatchObject({ version, updated_at })
    }
  })
}

const nullable = ({ kind }: Column) => !['text', 'flag', 'choice', 'tags'].includes(kind.name)

/** A form's page has what was entered: as a value, as text, chosen, or ticked. */
function expectShown(page: string, name: string, kind: Column['kind'], sent: Body[string]): void {
  const control = new RegExp(
    `<(input|select|textarea)[^>]* id="${name}"[^>]*>(?:([^<]*)</textarea>|(?:<option[^>]*>[^<]*</option>)*)?`,
  )
  const [markup = ''] = control.exec(page) ?? []
  expect(markup, name).not.toBe('')
  const value = escaped(String(sent ?? ''))
  if (kind.name === 'flag')
    expect([name, /checked=""/.test(markup)]).toEqual([name, [sent].flat().at(-1) === 'true'])
  else if (kind.name === 'choice' || kind.name === 'reference') {
    const chosen = /<option value="([^"]*)" selected=""/.exec(markup)?.[1] ?? ''
    if (markup.includes(`value="${value}"`)) expect([name, chosen]).toEqual([name, value])
  } else if (markup.startsWith('<textarea'))
    expect(markup).toContain(`>${value.replaceAll('\r\n', '\n')}</textarea>`)
  else expect(markup).toContain(`value="${value}"`)
}
