import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { personName, username } from '#src/domains/accounts/model.ts'
import { paths } from '#src/paths.ts'

const said = (of: typeof username | typeof personName, name: string) =>
  of.safeParse(name).error?.issues.map(({ message }) => message) ?? []

const ONE = 'Use letters of one alphabet in each word'

describe('the name of a person', () => {
  test.each([
    '',
    'Anne-Marie',
    'O’Neill',
    "D'Arcy",
    'J. R. R.',
    'J.R.R. Tolkien',
    'Müller-Lüdenscheidt',
    'St. John',
    'Verein der Freunde e.V.',
    'S:t Erik',
    'Дмитрий',
    'Ἀλέξανδρος',
    '李小龍',
    'علی‌رضا',
    'क्‍षमा',
    'R2-D2',
    'Nightly export 3.5',
    'Отдел IT',
    'IT-отдел № 1',
    'Παπαδόπουλος & Sons',
    '東京ITセンター',
    'ＩＴ部',
    'IT팀',
    'แผนกIT',
    'Kɔfi Ŋmɛ',
    'Əliyev',
    'Mª José 2º',
    '5µm',
    'ᏣᎳᎩ',
    'क़ानून २',
    'Ｔｏｍ',
  ])('is taken: %s', (name) => expect(said(personName, name)).toEqual([]))

  test.each([
    'https://evil.example/x',
    'HTTP://EVIL',
    'evil.example',
    'Your account was locked, see evil.example/unlock',
    'www.evil',
    'ada@evil.example',
    'ada@localhost',
    '192.0.2.1',
    'ｅｖｉｌ．ｅｘａｍｐｌｅ',
    'evil。example',
    'evil․example',
    'пример.рф',
    'bücher.example',
    'Dr.Müller',
  ])('reads as an address: %s', (name) =>
    expect(said(personName, name)).toEqual([
      'Use a name that doesn’t look like a web or e-mail address; put a space after each dot',
    ]),
  )

  test.each([
    ['a zero-width space', 'Ada\u200bLovelace'],
    ['a joiner between Latin letters', 'A\u200dda'],
    ['another direction', 'Ada\u202eecalevoL'],
    ['a soft hyphen', 'A\u00adda'],
    ['a filler that is a letter', '\u3164'],
    ['a blank that is a sign', '\u2800'],
    ['a separator of lines', 'Ada\u2028Lovelace'],
  ])('has nothing that can’t be seen: %s', (_, name) =>
    expect(said(personName, name)).toEqual(['Remove the character that can’t be seen']),
  )

  test.each([
    ['a Cyrillic а', 'аdmin'],
    ['and in the second word', 'The аdmin'],
    ['a Greek capital', 'Οwner'],
    ['behind a hyphen', 'co-оwner'],
    ['a letter of another with a mark', 'o\u0431\u0301'],
    ['a phonetic ɑ', 'ɑdmin'],
    ['small capitals', 'ᴀᴅᴍɪɴ'],
    ['a click that looks like a bar', 'aǀl'],
    ['a Cherokee letter', 'Ꭰdmin'],
    ['Cyrillic beside Han', '東д'],
  ])('has words of one alphabet: %s', (_, name) => expect(said(personName, name)).toEqual([ONE]))

  test('is one line', () => expect(said(personName, 'Ada\nBcc: x')).toEqual(['Remove the control character']))
})

describe('a user name', () => {
  test.each([
    'ada',
    'Ada.Lovelace',
    'a_b-c9',
    '007',
    'münchen',
    'đặng',
    'yıldız',
    'дмитрий',
    'αλέξανδρος',
    '田中さくら',
    '김철수',
    'שלום',
    'محمد7',
    'अमर',
    'newton',
    'me2',
    'admin',
    'deadbeef',
  ])('is taken: %s', (name) => expect(said(username, name)).toEqual([]))

  test.each([
    ['a Cyrillic а', 'аdmin'],
    ['a Greek ο', 'rοot'],
    ['an Armenian ո', 'adաn'],
    ['two alphabets, each by itself', 'ivan.иван'],
    ['a phonetic ɑ', 'ɑdmin'],
    ['a click that looks like a bar', 'aǀl'],
    ['a Cherokee letter', 'ꭰdmin'],
  ])('has letters of one alphabet: %s', (_, name) => expect(said(username, name)).toEqual([ONE]))

  test.each(['сосо', 'ореха', 'о7', 'ορ', 'օս'])('isn’t all look-alikes of Latin letters: %s', (name) =>
    expect(said(username, name)).toEqual(['Use Latin letters instead of ones that look like them']),
  )

  test('has the digits that everyone reads', () => {
    for (const name of ['ada१', '০', 'a²'])
      expect(said(username, name), name).toHaveLength(name === 'a²' ? 0 : 1)
  })

  test('is no id', () => {
    for (const name of [randomUUID(), randomUUID().toUpperCase()])
      expect(said(username, name)).toEqual(['Choose a different user name; this one is reserved'])
  })

  test('is none of the words that stand beside ids in the route table', () => {
    const beside = new Set(
      endpoints.flatMap(({ path }) => {
        const [, word = ''] = /^\/(?:users|service-accounts)\/([^/:]+)/.exec(path) ?? []
        return word ? [word] : []
      }),
    )
    expect([...beside]).toEqual(expect.arrayContaining([paths.usersMe.split('/')[2], 'new', 'import']))
    for (const word of beside)
      expect(said(username, ` ${word.toUpperCase()} `), word).toEqual([
        'Choose a different user name; this one is reserved',
      ])
  })
})
