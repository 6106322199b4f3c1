import { describe, expect, test } from 'vitest'
import { BulkBar } from '#src/ui/bulk.tsx'
import { BulkResult } from '#src/ui/bulk-result.tsx'
import { Checkbox, CheckboxGroup, RadioGroup } from '#src/ui/checkbox.tsx'
import { ConfirmSheet, FirstNames } from '#src/ui/confirm-sheet.tsx'
import { FileField } from '#src/ui/file-field.tsx'
import { Table } from '#src/ui/table.tsx'
import { Tabs } from '#src/ui/tabs.tsx'
import { evil, expectHarmless } from '#tests/ui/markup.ts'

const noun = { one: 'person', many: 'people' }
const bar = (props: Partial<Parameters<typeof BulkBar>[0]> = {}) =>
  String(
    <BulkBar
      action="/users/bulk"
      csrfToken="t"
      noun={noun}
      shown={25}
      total={1000}
      matching="q=ada&status=active"
      back="q=ada&status=active&after=abc"
      actions={[{ action: 'delete', label: 'Delete', icon: 'trash-2', danger: true }]}
      {...props}
    />,
  )
const result = (refused: Parameters<typeof BulkResult>[0]['refused']) =>
  String(
    <BulkResult
      fared={['1 person disabled']}
      noun={noun}
      refused={refused}
      back={{ label: 'Back', href: '/users?q=a' }}
      again={{ action: '/users/bulk', csrfToken: 't', fields: { action: 'disable' } }}
    />,
  )

describe('rows to select', () => {
  const table = String(
    <Table
      label="People"
      columns={[{ key: 'name', label: 'Name', cell: (row) => row }]}
      rows={['Ada', 'Me']}
      rowKey={(row) => row}
      select={{
        form: 'bulk',
        name: 'ids',
        label: (row) => row,
        blocked: (row) => (row === 'Me' ? 'That is you' : null),
      }}
      listUrl={() => ''}
      empty={null}
    />,
  )

  test('have boxes that belong to the form, with a name', () => {
    expect(table).toContain(
      '<input type="checkbox" id="pick-Ada" form="bulk" name="ids" value="Ada" aria-label="Select Ada">',
    )
    expect(table).toContain('aria-label="Select all 2 on this page"')
  })

  test('that are blocked say why', () => {
    expect(table).toMatch(/value="Me"[^>]* disabled title="That is you"><span class="unseen">That is you</)
    expect(table.match(/disabled/g)).toHaveLength(1)
  })
})

describe('the bar', () => {
  test('posts what to do, to be asked about, and Enter in a box asks for nothing', () => {
    expect(bar()).toMatch(/<button type="submit"[^>]* name="action" value="delete">/)
    expect(bar().match(/<button[^>]*>/)?.[0]).toBe(
      '<button type="submit" form="bulk" name="action" value="" hidden="">',
    )
    expect(bar()).toContain('name="csrf_token" value="t"')
    expect(bar()).toContain('name="back" value="q=ada&amp;status=active&amp;after=abc"')
  })

  test.each([
    [
      { total: 1000 },
      /name="matching" value="q=ada&amp;status=active" data-total="1000"/,
      'All 1,000 matching',
    ],
    [{ total: 1000, matching: '' }, /name="all" value="true" data-total="1000"/, 'All 1,000 people'],
    [{ total: 1001 }, null, '1,001 match. You can change up to 1,000 at a time; narrow the list.'],
    [{ total: 10_000, capped: true, most: 20_000 }, null, 'More than 10,000 match'],
    [{ total: 25 }, null, ''],
    [{ total: null }, null, ''],
  ])('offers all that match up to what can be changed at once: %j', (props, box, words) => {
    const markup = bar(props)
    if (box) expect(markup).toMatch(box)
    else expect(markup).not.toContain('data-total')
    expect(markup).toContain(words)
  })
})

describe('the question', () => {
  const asked = String(
    <ConfirmSheet
      action="/users/bulk"
      csrfToken="t"
      consequence="They can’t sign in."
      fields={[['hash', 'abc']]}
      button="Disable 48 people"
      icon="ban"
      back="/users?q=a"
    >
      <FirstNames names={['Ada', 'Bo']} count={48} noun={noun} />
    </ConfirmSheet>,
  )

  test('says of whom and what it brings about; its button says what it does', () => {
    for (const part of ['aria-label="48 people"', 'Ada</li>', 'and 46 more', 'They can’t sign in.'])
      expect(asked).toContain(part)
    expect(asked).toMatch(/<button type="submit"[^>]*>.*Disable 48 people<\/button>/)
    expect(asked).toContain('name="hash" value="abc"')
    expect(asked).toContain('href="/users?q=a"')
  })

  test('counts whom it can’t name', () => {
    expect(String(<FirstNames names={[]} count={1} noun={noun} />)).toContain('1 person')
  })
})

describe('the result', () => {
  test('says how each fared, and retries those that failed', () => {
    const markup = result([{ id: 'a', title: 'Ada', href: '/users/a', reason: 'is the last' }])
    expect(markup).toContain('1 person disabled')
    expect(markup).toContain('1 failed')
    expect(markup).toContain('<a href="/users/a">Ada</a>')
    expect(markup).toContain('is the last')
    expect(markup).toContain('Retry 1 failed')
    expect(markup).toMatch(/name="action" value="disable".*name="ids" value="a"/)
    expect(markup).toContain('href="/users?q=a"')
  })

  test('has nothing to try again where all was done', () => {
    expect(result([])).not.toContain('Retry')
    expect(result([])).not.toContain('failed')
  })
})

describe('fields', () => {
  test('a box that is wrong says so, and is described by it', () => {
    const box = String(<Checkbox name="terms" label="Read" hint="All of it" error="is needed" />)
    expect(box).toContain('aria-describedby="terms-hint terms-error" aria-invalid="true"')
    expect(box).not.toContain('checked')
    expect(String(<Checkbox name="a" label="A" checked />)).toContain('value="true" checked=""')
  })

  test('of several, those are ticked that hold', () => {
    const options = ['a', 'b'].map((value) => ({ value, label: value }))
    const many = String(<CheckboxGroup name="x" legend="X" options={options} values={['b']} />)
    expect(many).toMatch(/type="checkbox" id="x-b" name="x" value="b" checked=""/)
    expect(many.match(/checked/g)).toHaveLength(1)
    const one = String(<RadioGroup name="x" legend="X" options={options} value="a" />)
    expect(one).toMatch(/type="radio" id="x-a" name="x" value="a" checked=""/)
    expect(one.match(/checked/g)).toHaveLength(1)
  })

  test('the tab where one is says so', () => {
    const items = [
      { label: 'Profile', href: '/a', current: false },
      { label: 'Roles', href: '/b', current: true, count: 0 },
    ]
    const tabs = String(<Tabs label="Ada" items={items} />)
    expect(tabs).toContain('<a href="/b" aria-current="page">Roles<span class="count">0</span></a>')
    expect(tabs.match(/aria-current/g)).toHaveLength(1)
  })
})

test('no string becomes markup', () => {
  const named = { name: evil, label: evil, hint: evil, error: evil }
  const options = [{ value: evil, label: evil, hint: evil }]
  const action = { action: evil, label: evil, icon: 'ban' as const }
  const markups = [
    <Checkbox {...named} value={evil} />,
    <RadioGroup {...named} legend={evil} options={options} value={evil} />,
    <FileField {...named} accept={evil} />,
    <Tabs label={evil} items={[{ label: evil, href: evil, current: true }]} />,
    bar({
      action: evil,
      csrfToken: evil,
      noun: { one: evil, many: evil },
      matching: evil,
      back: evil,
      actions: [action],
    }),
    <ConfirmSheet
      action={evil}
      csrfToken={evil}
      consequence={evil}
      fields={[[evil, evil]]}
      button={evil}
      icon="ban"
      back={evil}
      refused={evil}
    >
      <FirstNames names={[evil]} count={9} noun={{ one: evil, many: evil }} />
    </ConfirmSheet>,
    result([{ id: evil, title: evil, href: evil, reason: evil }]),
    <Table
      label={evil}
      columns={[{ key: evil, label: evil, cell: () => evil }]}
      rows={[evil]}
      rowKey={() => evil}
      select={{ form: evil, name: evil, label: () => evil, blocked: () => evil }}
      listUrl={() => evil}
      empty={null}
    />,
  ]
  for (const markup of markups) expectHarmless(String(markup))
})
