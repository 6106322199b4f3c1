import { describe, expect, test } from 'vitest'
import { trail } from '#tests/access/trail.ts'
import { type Answer, send } from '#tests/client.ts'
import type { Person } from '#tests/people.ts'
import { asForm } from '#tests/resource/form.ts'
import type { Stage } from '#tests/resource/stage.ts'

/** What HTTP asks of every entity. */
export function protocol(stage: Stage): void {
  const { owner } = stage.people
  const ask = (method: string, path: string, more: Record<string, string> = {}) =>
    send(
      path,
      { method, headers: { Authorization: `Bearer ${owner.token}`, Accept: 'application/json', ...more } },
      stage.entity.app,
    )

  test('HEAD is GET without a body', async () => {
    const id = await stage.row()
    for (const path of [
      stage.api(),
      stage.api(`/${id}`),
      stage.api(`/${id}/history`),
      stage.page(`/${id}`),
    ]) {
      const [get, head] = [await ask('GET', path), await ask('HEAD', path)]
      expect([head.status, head.text]).toEqual([200, ''])
      for (const name of ['content-type', 'etag', 'link', 'cache-control', 'vary'])
        expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)])
    }
    expect((await ask('HEAD', stage.api('/nonsense'))).status).toBe(404)
  })

  test('methods that there aren’t are a 405 that says which there are', async () => {
    const id = await stage.row()
    const cases: [string, string[], string][] = [
      ['', ['PUT', 'PATCH', 'DELETE'], 'GET, POST, HEAD'],
      [`/${id}`, ['POST'], 'GET, PUT, PATCH, DELETE, HEAD'],
      [`/${id}/history`, ['POST', 'DELETE'], 'GET, HEAD'],
      ['/bulk', ['GET', 'DELETE'], 'POST'],
      ...(stage.resource.soft
        ? ([[`/${id}/restore`, ['GET', 'PUT'], 'POST']] as [string, string[], string][])
        : []),
    ]
    for (const [below, methods, allow] of cases) {
      for (const method of methods) {
        const answer = await stage.untouched(() => ask(method, stage.api(below)))
        expect([method, below, answer.status]).toEqual([method, below, 405])
        const allowed = (text: string | null) => text?.split(', ').sort()
        expect(allowed(answer.headers.get('allow'))).toEqual(allowed(allow))
      }
    }
  })

  test('a type that there isn’t is a 406', async () => {
    const id = await stage.row()
    for (const below of ['', `/${id}`, `/${id}/history`])
      expect((await ask('GET', stage.api(below), { Accept: 'image/png' })).status).toBe(406)
    expect((await ask('GET', stage.api(`/${id}`), { Accept: 'text/csv' })).status).toBe(406)
  })

  test('the paths below /api are one, with and without a slash at the end', async () => {
    const id = await stage.row()
    const path = stage.resource.path
    const answers = await Promise.all(
      [`/api/v1${path}/${id}`, `/api${path}/${id}`, `/api${path}/${id}/`, `${path}/${id}`].map((one) =>
        ask('GET', one),
      ),
    )
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect((await ask('GET', `/api${path}/`)).status).toBe(200)
    expect((await ask('GET', `/api${path}/${id.toUpperCase()}`)).text).toBe(answers[0]?.text)
  })

  describe('an Idempotency-Key', () => {
    const key = (name: string) => ({ 'Idempotency-Key': `${stage.model}-${name}-${stage.org.id}` })
    const count = async () => (await stage.all()).length
    const replayed = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true'

    test('makes one record of the same request sent twice', async () => {
      const body = stage.entity.sample()
      const before = await count()
      const post = (by: Person) => stage.as(by).post(stage.api(), body, key('twice'))
      const [first, second] = [await post(owner), await post(owner)]
      expect([first.status, second.status, second.text]).toEqual([201, 201, first.text])
      for (const name of ['location', 'etag']) expect(second.headers.get(name)).toBe(first.headers.get(name))
      expect([replayed(first), replayed(second), await count()]).toEqual([false, true, before + 1])
      const { id } = first.json<{ id: string }>()
      expect((await trail(stage.org, { target: id })).map(({ action }) => action)).toEqual([
        `${stage.model}:create`,
      ])
      const other = await stage.as(owner).post(stage.api(), stage.entity.sample(), key('twice'))
      expect([other.status, await count()]).toEqual([422, before + 1])
    })

    test('makes one record of ten requests at once, also as a form', async () => {
      const before = await count()
      const body = asForm(stage.entity.sample())
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => stage.browser(owner).post(stage.page(), body, key('at-once'))),
      )
      expect(new Set(answers.map(({ status, headers }) => `${status} ${headers.get('location')}`)).size).toBe(
        1,
      )
      expect(await count()).toBe(before + 1)
    })

    test('does to many what it says once', async () => {
      const ids = await stage.rows([{}, {}])
      const bulk = () => stage.as(owner).post(stage.api('/bulk'), { action: 'delete', ids }, key('bulk'))
      const [first, second] = [await bulk(), await bulk()]
      expect([first.json(), second.text]).toMatchObject([{ done: 2, refused: 0 }, first.text])
    })
  })
}
