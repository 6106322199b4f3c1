import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { clockOf } from '#src/locale/clock.ts'
import { scripts, stylesheets } from '#src/ui/assets.ts'
import { ErrorSummary, Form } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { html } from '#src/ui/html.ts'
import { Page, Part } from '#src/ui/layout.tsx'
import { listUrl } from '#src/ui/list-url.ts'
import { Pager } from '#src/ui/pager.tsx'
import { PaletteField, PaletteResults } from '#src/ui/palette.tsx'
import { Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { evil, expectHarmless } from '#tests/ui/markup.ts'

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const frame: Frame = {
  appName: 'Ambit',
  organization: evil,
  person: { id: evil, name: evil, username: evil, elsewhere: true, may: () => true },
  navigation: [{ label: evil, href: `/${evil}`, icon: evil, current: true }],
  csrfToken: evil,
  nonce: 'n',
  theme: 'system',
  clock: clockOf('Europe/Vienna', 'en-GB'),
  asset: (path) => `/static/1/${path}`,
  path: (path) => path,
  notice: { kind: 'success', text: evil },
}

describe('markup', () => {
  test('escapes what is text and keeps what is markup', () => {
    expect(
      String(html`<a title="${evil}">${html`<b>${1}</b>`}${<i>{'<'}</i>}${[null, false, '<']}</a>`),
    ).toBe(
      '<a title="&quot;&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &#39;quoted&#39; hx-get=&quot;/steal&quot;">' +
        '<b>1</b><i>&lt;</i>&lt;</a>',
    )
  })

  test('refuses what would have to be waited for', () => {
    expect(() => html`${Promise.resolve('x')}`).toThrow(TypeError)
  })

  test('no string of a frame, a row or a column becomes markup', () => {
    const row = { id: evil, name: evil }
    const table = (
      <Table
        label={evil}
        columns={[
          { key: 'name', label: evil, sortable: true, href: (r) => `/${r.id}`, cell: (r) => r.name },
          { key: 'time', label: 'Time', cell: (r) => Time({ at: r.name, clock: frame.clock }) },
        ]}
        rows={[row]}
        rowKey={(r) => r.id}
        listUrl={listUrl('/users', { q: evil })}
        sort="name"
        empty={null}
      />
    )
    for (const screen of [Page, Part]) {
      const page = String(screen({ frame, title: evil, subtitle: evil, actions: evil, children: table }))
      expect(page).not.toContain('<img')
      expect(page).not.toMatch(/"[^"<>]*' hx-get="/)
    }
  })
})

describe('palette', () => {
  const entry = { title: 'People', hint: null, icon: 'users', href: '/users' }

  test('has links under headings, and no heading over nothing', () => {
    const sections = [
      { title: 'Records', entries: [] },
      { title: 'Go to', entries: [entry] },
    ]
    const results = String(PaletteResults({ sections }))
    expect(results).toMatch(
      /<section aria-labelledby="palette-0"><h2 id="palette-0">Go to<\/h2><a href="\/users">/,
    )
    expect(results).not.toMatch(/Find|<small>/)
  })

  test('is a combobox in its dialog, and a plain field on its page', () => {
    expect(String(PaletteField({ action: '/palette', q: '', dialog: true }))).toContain('role="combobox"')
    expect(String(PaletteField({ action: '/palette', q: 'a' }))).not.toContain('role="combobox"')
  })

  test('no string of it becomes markup', () => {
    const evilEntry = { title: evil, hint: evil, icon: evil, href: evil }
    expectHarmless(String(PaletteResults({ sections: [{ title: evil, entries: [evilEntry] }] })))
    expectHarmless(String(PaletteField({ action: evil, q: evil })))
  })
})

describe('list', () => {
  const users = listUrl('/users', { q: 'ada', sort: 'name', after: 'cursor', status: '' })

  test('an address keeps search and sort, and leaves the page when anything else changes', () => {
    expect(users({ sort: '-name' })).toBe('/users?q=ada&sort=-name')
    expect(users({ q: null, sort: null })).toBe('/users')
    expect(users({ after: 'next' })).toBe('/users?q=ada&sort=name&after=next')
  })

  test.each([
    [{ shown: 25, total: 1240, next: 'n', previous: null }, '1–25 of 1,240'],
    [
      { shown: 25, total: 10_000, capped: true, next: 'n', previous: 'p', first: 26 },
      '26–50 of more than 10,000',
    ],
    [{ shown: 7, total: 1240, next: null, previous: 'p' }, '7 of 1,240'],
    [{ shown: 25, total: null, next: 'n', previous: null }, '1–25 of more'],
  ])('a pager says where it stands: %j', (page, words) => {
    expect(String(<Pager listUrl={users} many="people" {...page} />)).toContain(
      `<p class="pager-range" data-result="${words} people">${words}</p>`,
    )
  })

  test('a head sorts by its column, and the other way round the second time', () => {
    const head = (sort: string) =>
      String(
        Table({
          label: 'Users',
          columns: [{ key: 'seen', label: 'Seen', sortable: 'descending', cell: () => 'x' }],
          rows: [1],
          rowKey: String,
          listUrl: listUrl('/users', { sort }),
          sort,
          empty: null,
        }),
      )
    expect(head('name')).toContain('href="/users?sort=-seen"')
    expect(head('-seen')).toContain('aria-sort="descending"')
    expect(head('-seen')).toContain('href="/users?sort=seen"')
  })
})

describe('form', () => {
  test('carries token, method and version, and the summary takes the focus', () => {
    const form = String(
      <Form action="/users/1" csrfToken="t" method="patch" version={3}>
        <ErrorSummary errors={[{ path: 'email', message: 'No' }]} />
      </Form>,
    )
    expect(form).toContain('name="csrf_token" value="t"')
    expect(form).toContain('name="_method" value="PATCH"')
    expect(form).toContain('name="version" value="3"')
    expect(form).toMatch(/role="alert" tabindex="-1" autofocus/)
    expect(form).toContain('href="#email"')
  })
})

describe('assets', () => {
  test('htmx is the pinned package, byte by byte', () => {
    expect(file('static/vendor/htmx.min.js')).toBe(file('node_modules/htmx.org/dist/htmx.min.js'))
  })

  test('every script stands alone, so that they can be joined', () => {
    for (const script of scripts) expect(file(`static/${script}`)).not.toMatch(/^\s*(import|export)\b/m)
  })

  test('every stylesheet keeps to its layer', () => {
    for (const sheet of stylesheets) expect(file(`static/${sheet}`)).toMatch(/^(\/\*.*\*\/\s*)?@layer /)
  })
})
