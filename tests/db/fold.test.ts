import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { fold } from '#src/db/fold.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const EUROPEAN = /[\p{scx=Latn}\p{scx=Grek}\p{scx=Cyrl}\p{scx=Armn}\p{scx=Geor}\p{P}\p{Zs}]/u
// without letters of Unicode 15 and later, which not every PostgreSQL knows
const every = Array.from({ length: 0x30000 }, (_, code) => code)
  .filter((code) => code !== 0x1c89 && (code < 0xa7cb || (code > 0xdfff && code < 0x1e000)))
  .map((code) => String.fromCodePoint(code))
  .filter((letter) => EUROPEAN.test(letter))

const byDatabase = async (texts: readonly string[]) => {
  const { rows } = await sql<{ folded: string }>`
    select app.fold(t) as folded from unnest(${texts}::text[]) with ordinality u(t, n) order by n`.execute(
    owner,
  )
  return rows.map(({ folded }) => folded)
}

test('the process folds every letter of a European script as the database does, and folding again changes nothing', async () => {
  const folded = await byDatabase(every)
  expect(every.length).toBeGreaterThan(2000)
  expect(every.filter((letter, at) => fold(letter) !== folded[at])).toEqual([])
  expect(folded.filter((text) => fold(text) !== text)).toEqual([])
  expect(await byDatabase(folded)).toEqual(folded)
})

test.each([
  ['Łukasz', 'lukasz'],
  ['Straße', 'strasse'],
  ['STRAẞE', 'strasse'],
  ['Yıldız', 'yildiz'],
  ['İstanbul', 'istanbul'],
  ['ΠΑΠΑΣ', 'παπασ'],
  ['Παπάς', 'παπασ'],
  ['Ærø', 'aero'],
  ['Œuvre', 'oeuvre'],
  ['Þór Đorđević', 'thor dordevic'],
  ['Ёлкин-Цой', 'елкин-цои'],
  ['Ґалаґан', 'галаган'],
  ['O’Brien', "o'brien"],
])('%s is %s, for both', async (name, folded) => {
  expect([fold(name), ...(await byDatabase([name]))]).toEqual([folded, folded])
})

test('a text is searched folded, and with its umlauts spelled out', async () => {
  const texts = ['Müller', 'mu\u0308ller', 'ÅSE Bjørn', 'Zoë Łuk', 'Straße', 'Mueller', '']
  const { rows } = await sql<{ by: string }>`
    select app.found_by(t) as by from unnest(${texts}::text[]) with ordinality u(t, n) order by n`.execute(
    owner,
  )
  expect(rows.map(({ by }) => by)).toEqual([
    'muller mueller',
    'muller mueller',
    'ase bjorn aase bjoern',
    'zoe luk',
    'strasse',
    'mueller',
    '',
  ])
})
