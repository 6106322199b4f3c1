import { expect, test } from 'vitest'
import { attributes, type Form, fieldsIn, formIn, formsOf } from '#tests/http/forms.ts'
import { asForm } from '#tests/resource/form.ts'
import type { Body, Stage } from '#tests/resource/stage.ts'
import { varied } from '#tests/resource/variety.ts'

/** Forms that are sent as they were rendered, and writes that say what is there already. */
export function untouched(stage: Stage): void {
  const { entity, people } = stage
  const browser = stage.browser(people.owner)
  const program = stage.as(people.owner)
  const values = (n: number): Body =>
    Object.fromEntries(
      stage
        .written()
        .map(([name, column]) => [name, varied(column, n, stage)])
        .filter(([, value]) => value !== undefined),
    )

  /** Fills in what is required and empty, as a sample has it. */
  function filledIn({ markup }: Form) {
    const fields = fieldsIn(markup)
    const sample = asForm(entity.sample())
    for (const [tag] of markup.matchAll(/<(?:input|textarea)\b[^>]*\brequired\b[^>]*>/g)) {
      const { name = '' } = attributes(tag)
      if (fields[name] === '' && sample[name] !== undefined) fields[name] = sample[name]
    }
    return fields
  }

  test.each([
    ['without JavaScript', {}],
    ['with it', { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }],
  ] as [string, Record<string, string>][])(
    'the form of a new one is taken as it was rendered, %s',
    async (_, headers) => {
      const page = await browser.get(stage.page('/new'), headers)
      const form = formsOf(page).find(({ action }) => action === stage.page())
      if (!form) return expect.unreachable(page.text)
      const answer = await browser.post(form.action, filledIn(form), headers)
      expect(answer.status, /<div class="error-summary".*?<\/div>/s.exec(answer.text)?.[0]).toBe(303)
    },
  )

  test.each([0, 1, 2, 3, 4, 5])('an edit form saved untouched changes nothing (%i)', async (n) => {
    const id = await stage.row(values(n))
    const page = await browser.get(stage.page(`/${id}/edit`))
    const form = formIn(page, stage.page(`/${id}`))
    const answer = await stage.untouched(() => browser.post(stage.page(`/${id}`), form))
    expect(answer.status, /<div class="error-summary".*?<\/div>/s.exec(answer.text)?.[0]).toBe(303)
    const next = await browser.get(answer.headers.get('location') as string)
    expect(next.text).toContain('Nothing changed')
  })

  test.each([0, 1, 2, 3])(
    'what is there, sent again in part and as a whole, changes nothing (%i)',
    async (n) => {
      const id = await stage.row(values(n))
      const record = (await program.get(stage.api(`/${id}`))).json<Body>()
      const same = stage.whole(record)
      for (const send of [
        () => program.patch(stage.api(`/${id}`), same),
        () => program.put(stage.api(`/${id}`), same),
      ]) {
        const answer = await stage.untouched(send)
        expect([answer.status, answer.json()]).toEqual([200, record])
      }
    },
  )
}
