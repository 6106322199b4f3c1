import { describe, expect, test } from 'vitest'
import { clockOf } from '#src/locale/clock.ts'
import { Difference } from '#src/ui/difference.tsx'
import { Effects } from '#src/ui/effect.tsx'
import { History } from '#src/ui/history.tsx'
import { Tree, type TreeNode } from '#src/ui/tree.tsx'
import { evil, expectHarmless } from '#tests/ui/markup.ts'

const clock = clockOf('Europe/Vienna', 'en-GB')
const noun = { one: 'person', many: 'people' }
const entry = {
  id: '1',
  at: '2026-11-01T10:00:00Z',
  who: 'Ada',
  via: 'web',
  action: 'user:update',
  title: 'Changed',
  changes: [],
}

describe('a difference', () => {
  test('says in words what is old and what is new', () => {
    const markup = String(<Difference changes={[{ field: 'Name', from: 'Ada', to: 'Grace' }]} />)
    expect(markup).toContain('<del><span class="unseen">from </span>Ada</del>')
    expect(markup).toContain('<ins><span class="unseen">to </span>Grace</ins>')
  })

  test.each([
    [{ to: 'x' }, /^<dd><ins>x<\/ins><\/dd>$/],
    [{ from: 'x' }, /^<dd><del>.*x<\/del><\/dd>$/],
    [{ from: null, to: 'x' }, /from <\/span><span class="nothing">empty<\/span>.*to <\/span>x/],
    [{ from: 'x', to: '' }, /from <\/span>x.*to <\/span><span class="nothing">empty/],
  ])('tells what was not there from what was empty: %j', (sides, expected) => {
    const markup = String(<Difference changes={[{ field: 'Name', ...sides }]} />)
    expect(/<dd>.*<\/dd>/s.exec(markup)?.[0]).toMatch(expected)
  })

  test('leaves out what was empty and is', () => {
    const empty = [
      { field: 'Reason', to: '' },
      { field: 'Parent', to: null },
    ]
    expect(Difference({ changes: empty })).toBeNull()
    const markup = String(<Difference changes={[...empty, { field: 'Name', to: 'Ada' }]} />)
    expect(markup).toContain('Ada')
    expect(markup).not.toMatch(/Reason|Parent|empty/)
  })

  test('folds what is long, and never cuts a sign in two', () => {
    const long = `${'x'.repeat(99)}😀${'y'.repeat(60)}`
    const markup = String(<Difference changes={[{ field: 'Text', to: long }]} />)
    expect(markup).toContain(`<summary>${'x'.repeat(99)}…</summary>${long}</details>`)
    expect(String(<Difference changes={[{ field: 'Text', to: 'x'.repeat(140) }]} />)).not.toContain('details')
  })
})

describe('a history', () => {
  test('says who, when, through what, why, and where the earlier ones are', () => {
    const entries = [{ ...entry, reason: 'because', request_id: 'r1' }]
    const markup = String(<History clock={clock} entries={entries} more="/users/1/history?before=1" />)
    for (const part of [
      'Ada',
      'datetime="2026-11-01T10:00:00Z"',
      'in a browser',
      'because',
      '<code>r1</code>',
    ])
      expect(markup).toContain(part)
    expect(markup).toContain('href="/users/1/history?before=1"')
    expect(String(<History clock={clock} entries={entries} />)).not.toContain('href')
    const seeded = String(<History clock={clock} entries={[{ ...entry, who: null, via: 'seed' }]} />)
    expect(seeded).toContain('Demo data, <time')
    expect(seeded).not.toMatch(/The system|seed/)
  })

  test('names the system where nobody acted, and a way it does not know as it is', () => {
    const markup = String(<History clock={clock} entries={[{ ...entry, who: null, via: 'pigeon' }]} />)
    expect(markup).toMatch(/The system, .*, pigeon/s)
  })

  test('may be empty', () => {
    expect(String(<History clock={clock} entries={[]} />)).toContain('Nothing has happened yet')
  })
})

describe('a tree', () => {
  const node = (id: string, ...children: TreeNode[]): TreeNode => ({
    id,
    label: id,
    href: `/${id}`,
    children,
  })
  const markup = String(<Tree label="Groups" nodes={[node('a', node('b', node('c', node('d'))))]} open={2} />)

  test('unfolds so many levels, and folds by what is no link', () => {
    expect(markup.match(/<details open="">/g)).toHaveLength(1)
    expect(markup.match(/<details>/g)).toHaveLength(2)
    expect(markup).toMatch(/<a href="\/c">c<\/a>/)
    expect(markup).not.toMatch(/<summary>(?:(?!<\/summary>).)*<a /)
  })

  test('has no fold where nothing is beneath, and no link where none may be opened', () => {
    const alone = String(<Tree label="Groups" nodes={[{ ...node('a'), href: null, count: 0 }]} />)
    expect(alone).not.toMatch(/details|<a /)
    expect(alone).toContain('<span class="count">0</span>')
  })
})

test.each([
  ['gain', 1, 0, /Gained: <\/span>user:read:all.*<strong>1 person<\/strong><\/p>/],
  ['lose', 1240, 3, /Lost: .*<strong>1,240 people<\/strong>: a, b, c and 1,237 more/],
  ['gain', 3, 3, /a, b, c<\/p>/],
] as const)('an effect: %s, %i', (kind, count, named, expected) => {
  const names = ['a', 'b', 'c'].slice(0, named).map((label) => ({ label }))
  const what = 'user:read:all'
  expect(String(<Effects items={[{ kind, count, noun, what, names }]} />)).toMatch(expected)
})

test('no string becomes markup', () => {
  const children = [{ id: evil, label: evil, href: null, children: [] }]
  const markups = [
    <History
      clock={clock}
      entries={[
        {
          id: evil,
          at: evil,
          who: evil,
          via: evil,
          action: `x:${evil}`,
          title: evil,
          reason: evil,
          request_id: evil,
          changes: [{ field: evil, from: evil, to: evil.repeat(9) }],
        },
      ]}
      more={evil}
    />,
    <Tree label={evil} nodes={[{ id: evil, label: evil, href: evil, meta: evil, children }]} />,
    <Effects
      items={[
        {
          kind: 'gain',
          count: 2,
          noun: { one: evil, many: evil },
          what: evil,
          names: [{ label: evil, href: evil }],
        },
      ]}
    />,
  ]
  for (const markup of markups) expectHarmless(String(markup))
})
