import { describe, expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import { recorded } from '#tests/access/trail.ts'
import { type Problem, versionOf } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { asForm, describeIf, testIf } from '#tests/resource/form.ts'
import type { Body, Stage } from '#tests/resource/stage.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()

/** Records that change under somebody's hands, and names that are taken. */
export function versions(stage: Stage): void {
  const { entity, resource } = stage
  const { owner } = stage.people
  const program = stage.as(owner)

  async function record() {
    const id = await stage.row()
    const path = stage.api(`/${id}`)
    const answer = await program.get(path)
    return { id, path, etag: answer.headers.get('etag') as string, version: versionOf(answer) }
  }

  test.each([
    ['its tag', (etag: string) => etag, 304],
    ['its tag, weak', (etag: string) => `W/${etag}`, 304],
    ['one of several', (etag: string) => `"99", ${etag}`, 304],
    ['any', () => '*', 304],
    ['another', () => '"99"', 200],
    ['its version alone', (etag: string) => etag.replace(/-.*/, '"'), 200],
    ['nonsense', () => 'x', 200],
  ])('If-None-Match with %s', async (_, header, status) => {
    const { path, etag } = await record()
    const answer = await program.get(path, { 'If-None-Match': header(etag) })
    expect([answer.status, answer.headers.get('etag'), answer.text === '']).toEqual([
      status,
      etag,
      status === 304,
    ])
  })

  testIf(stage.ownable)(
    'the tag changes with a name that the answer tells, and the version doesn’t',
    async () => {
      const { id: owner_user_id } = await makeUser(stage.org)
      const path = stage.api(`/${await stage.row({ owner_user_id })}`)
      const before = await program.get(path)
      await past
        .updateTable('users')
        .set({ first_name: unique('Renamed') })
        .where('id', '=', owner_user_id)
        .execute()
      const after = await program.get(path, { 'If-None-Match': before.headers.get('etag') as string })
      expect([after.status, versionOf(after)]).toEqual([200, versionOf(before)])
      expect(after.text).not.toBe(before.text)
    },
  )

  describe.each([
    ['PATCH', (path: string, headers: Record<string, string>) => program.patch(path, entity.change, headers)],
    ['PUT', (path: string, headers: Record<string, string>) => program.put(path, stage.whole(), headers)],
    ['DELETE', (path: string, headers: Record<string, string>) => program.delete(path, undefined, headers)],
  ] as const)('%s', (method, write) => {
    test.each([
      ['its tag', (etag: string) => etag, true],
      ['its version', () => '"1"', true],
      ['its version among others', () => '"99-a", "1"', true],
      ['its version by a proxy', (etag: string) => `W/${etag}`, true],
      ['any version', () => '*', true],
      ['an older version', () => '"0"', false],
      ['a version to come', () => '"2"', false],
      ['no version', () => 'nonsense', false],
      ['a bare number', () => '1', false],
    ])('If-Match with %s', async (_, header, fits) => {
      const { path, etag } = await record()
      const attempt = () => write(path, { 'If-Match': header(etag) })
      if (fits) expect((await attempt()).status).toBe(method === 'DELETE' ? 204 : 200)
      else expect((await stage.untouched(attempt)).status).toBe(412)
    })

    test('that comes too late gets the record as it stands', async () => {
      const { id, path, etag } = await record()
      await program.put(path, stage.whole())
      const late = await stage.untouched(() => write(path, { 'If-Match': etag }))
      const { current } = late.json<Problem & { current: RecordRow }>()
      expect([late.status, current]).toEqual([412, JSON.parse((await program.get(path)).text)])
      expect((await write(path, { 'If-Match': `"${current.version}"` })).status).toBeLessThan(300)
      if (method !== 'DELETE') expect((await stage.stored(id)).version).toBe(current.version + 1)
    })
  })

  test('a change of nothing minds the version, too', async () => {
    const { path } = await record()
    expect((await program.patch(path, {}, { 'If-Match': '"0"' })).status).toBe(412)
  })

  test('a 412 shows nobody what they don’t see', async () => {
    if (!stage.groupable) return
    const { path } = await record()
    const { outsider, looker } = stage.people
    const late = { 'If-Match': '"0"' }
    await stage.hidden(outsider, () => stage.as(outsider).patch(path, entity.change, late))
    await stage.denied(looker, 'update', () => stage.as(looker).patch(path, entity.change, late))
  })

  test('of five changes of one version at once, one goes through', async () => {
    const { id, path, etag } = await record()
    // all of them have begun when the first may look
    const answers = await stage.locking(id, () =>
      Array.from({ length: 5 }, () => program.patch(path, entity.change, { 'If-Match': etag })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412])
    expect((await stage.stored(id)).version).toBe(2)
  })

  test('a form that comes too late shows both versions, and what is chosen is saved', async () => {
    const { id, version } = await record()
    const edit = await stage.browser(owner).get(stage.page(`/${id}/edit`))
    expect(edit.text).toContain(`name="version" value="${version}"`)
    const theirs = await stage.stored(id)
    const { updated_at: _, ...mine } = entity.change
    // they changed one field, I another: both are asked for
    const [[name, value] = []] = stage.written().filter(([, { kind, rows }]) => kind.name === 'text' && !rows)
    if (!name || !value) return
    await program.patch(stage.api(`/${id}`), { [name]: 'Theirs <b>"now"' })
    const sent: Body = { ...stage.whole(), ...mine, [name]: 'Mine & <i>' }
    const form = { ...asForm(sent), version: String(version) }
    const late = await stage.untouched(() => stage.browser(owner).patch(stage.page(`/${id}`), form))
    expect(late.status).toBe(412)
    const offered = radios(late.text)
    expect(offered[name]).toEqual(['Mine &amp; &lt;i&gt;', 'Theirs &lt;b&gt;&quot;now&quot;'])
    expect(late.text).toContain(`name="version" value="${version + 1}"`)
    for (const [field, choices] of Object.entries(offered))
      expect([field, choices.length]).toEqual([field, 2])
    for (const [field, it] of stage.written())
      if (
        field !== name &&
        field in sent &&
        it.kind.name !== 'reference' &&
        JSON.stringify(sent[field]) !== JSON.stringify(theirs[field])
      )
        expect(Object.keys(offered)).toContain(field)
    const chosen = { ...asForm(sent), version: String(version + 1) }
    const saved = await stage.browser(owner).patch(stage.page(`/${id}`), chosen)
    expect(saved.status, saved.text).toBe(303)
    expect(await stage.stored(id)).toMatchObject(sent)
  })

  test.each(['nonsense', '', '-1', '0x1'])('a form of the version “%s” is too late', async (version) => {
    const { id } = await record()
    const attempt = () =>
      stage.browser(owner).patch(stage.page(`/${id}`), { ...asForm(entity.change), version })
    expect((await stage.untouched(attempt)).status).toBe(412)
    const gone = () => stage.browser(owner).delete(stage.page(`/${id}`), { version })
    expect((await stage.untouched(gone)).status).toBe(412)
  })

  describeIf(resource.declared.taken)('what is taken', () => {
    const fields = [...new Set(Object.values(resource.declared.taken ?? {}).map(([field]) => field))]

    test.each(fields)('%s is a 409 at the field, for a new one and for a change', async (field) => {
      const body = entity.sample()
      await stage.rows([body])
      const id = await stage.row()
      const taken = { [field]: body[field] }
      const attempts = [() => program.post(stage.api(), { ...entity.sample(), ...taken })]
      if (resource.columns[field]?.write === 'always')
        attempts.push(() => program.patch(stage.api(`/${id}`), taken))
      for (const attempt of attempts) {
        const answer = await stage.untouched(attempt)
        expect([answer.status, answer.json().errors?.map(({ path }) => path)]).toEqual([409, [field]])
      }
      const form = asForm({ ...entity.sample(), ...taken })
      const page = await stage.untouched(() => stage.browser(owner).post(stage.page(), form))
      expect([page.status, page.text.includes(`href="#${field}"`)]).toEqual([409, true])
      // elsewhere it is free
      expect(
        (await stage.as(stage.people.foreigner).post(stage.api(), { ...entity.sample(), ...taken })).status,
      ).toBe(201)
    })

    testIf(resource.soft)('is free once it is deleted; then the deleted one can’t come back', async () => {
      const body = entity.sample()
      const [id = ''] = await stage.rows([body])
      await program.delete(stage.api(`/${id}`))
      expect((await program.post(stage.api(), body)).status).toBe(201)
      const back = await stage.untouched(() => program.post(stage.api(`/${id}/restore`)))
      expect(back.status).toBe(409)
      const bulk = await program.post(stage.api('/bulk'), { action: 'restore', ids: [id] })
      expect(bulk.json()).toMatchObject({ done: 0, refused: 1 })
    })
  })

  testIf(resource.soft)('what was deleted comes back as it was', async () => {
    const { id } = await record()
    const before = await stage.stored(id)
    await program.delete(stage.api(`/${id}`))
    const answer = await program.post(stage.api(`/${id}/restore`))
    const { version, updated_at, ...after } = await stage.stored(id)
    const { version: was, updated_at: _, ...whole } = before
    expect([answer.status, version, after]).toEqual([200, was + 2, whole])
    const [line] = await recorded(owner, answer, 'api')
    expect(line?.action).toBe(`${stage.model}:restore`)
  })
}

/** The values between which a page asks to choose, by field. */
function radios(page: string): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [, name = '', value = ''] of page.matchAll(
    /<input type="radio" name="([^"]*)" value="([^"]*)"/g,
  ))
    found[name] = [...(found[name] ?? []), value]
  return found
}
