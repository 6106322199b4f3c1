import { describe, expect, test } from 'vitest'
import { ImportMapping, ImportUpload } from '#src/ui/import.tsx'
import { ImportReport } from '#src/ui/import-report.tsx'
import { Finished, Progress } from '#src/ui/progress.tsx'
import { evil, expectHarmless } from '#tests/ui/markup.ts'

const noun = { one: 'person', many: 'people' }
const step = { action: '/users/import', csrfToken: 't', cancel: '/users' }
const confirm = { action: '/users/import', csrfToken: 't', hidden: { upload: 'u' } }
const back = { label: 'Upload a different file', href: '/users/import' }
const wrongRow = { line: 3, column: 'E-mail', value: 'nowhere', message: 'is no e-mail address' }

test('the upload takes a file, says what it expects, and what was wrong with it', () => {
  const errors = [{ path: 'file', message: 'is empty' }]
  const markup = String(<ImportUpload {...step} template="/users/import.csv" limit="10 MB" errors={errors} />)
  expect(markup).toContain('enctype="multipart/form-data"')
  expect(markup).toMatch(/type="file" id="file" name="file" accept=".csv,text\/csv" required=""/)
  expect(markup).toContain('<a href="/users/import.csv" hx-boost="false" download="">')
  expect(markup).toContain('<p class="error" id="file-error">is empty</p>')
})

test('the mapping has a choice for each column, guessed where it could be', () => {
  const markup = String(
    <ImportMapping
      {...step}
      columns={[
        { name: 'Mail', examples: ['a@b.c', '', 'd@e.f'], field: 'email' },
        { name: '', examples: [], field: null },
      ]}
      fields={[
        { value: 'email', label: 'E-mail', required: true },
        { value: 'name', label: 'Name' },
      ]}
      hidden={{ upload: 'u1' }}
    />,
  )
  expect(markup).toContain('name="upload" value="u1"')
  expect(markup).toContain('Required: E-mail.')
  expect(markup).toContain('a@b.c, d@e.f')
  expect(markup).toMatch(
    /name="column_0" aria-label="Import Mail as">.*<option value="email" selected="">E-mail \(required\)/,
  )
  expect(markup).toMatch(/name="column_1" aria-label="Import Column 2 as">/)
  expect(markup.match(/selected/g)).toHaveLength(1)
})

describe('the report', () => {
  const report = (props: Partial<Parameters<typeof ImportReport>[0]>) =>
    String(
      <ImportReport
        noun={noun}
        ready={1240}
        wrong={0}
        errors={[]}
        confirm={confirm}
        back={back}
        {...props}
      />,
    )

  test('imports where all rows are ready', () => {
    expect(report({})).toMatch(/name="upload" value="u".*Import 1,240 people/)
  })

  test.each([
    ['some are wrong', { wrong: 1, errors: [wrongRow] }],
    ['there are none', { ready: 0 }],
    ['the reader may not', { confirm: undefined }],
  ])('does not where %s', (_, props) => {
    expect(report(props)).not.toMatch(/<form|Import /)
    expect(report(props)).toContain('href="/users/import"')
  })

  test('names line, column, value and what is wrong, and says when these are not all', () => {
    const markup = report({
      wrong: 1312,
      errors: [wrongRow, { line: null, column: null, message: 'is no CSV' }],
    })
    for (const part of ['Line 3', 'E-mail', 'nowhere', 'is no e-mail address', 'File', 'is no CSV'])
      expect(markup).toContain(part)
    expect(markup).toContain('1,312 errors')
    expect(markup).toContain('The first 2 errors')
    expect(report({ wrong: 1, errors: [wrongRow] })).not.toContain('The first')
  })
})

describe('work under way', () => {
  test('looks again by itself, and by a link without a script', () => {
    const markup = String(
      <Progress id="job" href="/jobs/1" label="Import" done={5} total={1000} unit="rows" />,
    )
    expect(markup).toMatch(/hx-get="\/jobs\/1" hx-trigger="every 1s" hx-target="#job"/)
    expect(markup).toMatch(/<progress id="job-bar" value="5" max="1000">5 of 1,000<\/progress>/)
    expect(markup).toContain('<a class="without-script" href="/jobs/1">')
  })

  test('need not know how much there is', () => {
    const markup = String(<Progress id="job" href="/" label="Import" done={5} total={null} unit="rows" />)
    expect(markup).toContain('<progress id="job-bar">5</progress>')
  })

  test('is said when it is done, and looks no more', () => {
    const markup = String(<Finished id="job" title="Done" />)
    expect(markup).toMatch(/^<div id="job" role="status"><p class="outcome good">/)
    expect(markup).not.toContain('hx-')
    expect(String(<Finished id="job" title="Failed" failed />)).toContain('outcome bad')
  })
})

test('no string becomes markup', () => {
  const errors = [{ path: evil, message: evil }]
  const hidden = { [evil]: evil }
  const shared = { action: evil, csrfToken: evil, cancel: evil, errors }
  const wrong = { line: 1, column: evil, value: evil, message: evil }
  const markups = [
    <ImportUpload {...shared} template={evil} limit={evil} accept={evil} />,
    <ImportMapping
      {...shared}
      columns={[{ name: evil, examples: [evil], field: evil }]}
      fields={[{ value: evil, label: evil, required: true }]}
      hidden={hidden}
    />,
    <ImportReport
      noun={{ one: evil, many: evil }}
      ready={2}
      wrong={0}
      errors={[]}
      notes={[{ message: evil }]}
      confirm={{ action: evil, csrfToken: evil, hidden }}
      back={{ label: evil, href: evil }}
    />,
    <ImportReport noun={noun} ready={2} wrong={9} errors={[wrong]} back={{ label: evil, href: evil }} />,
    <Progress id={evil} href={evil} label={evil} done={1} total={2} unit={evil} />,
    <Finished id={evil} title={evil} />,
  ]
  for (const markup of markups) expectHarmless(String(markup))
})
