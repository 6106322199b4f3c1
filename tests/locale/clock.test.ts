import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { Clock, clockOf } from '#src/locale/clock.ts'
import { isLocale, locales } from '#src/locale/locales.ts'
import { isZone, renamed, zones } from '#src/locale/zones.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const vienna = clockOf('Europe/Vienna', 'en-GB')

describe('a clock', () => {
  test.each([
    ['Europe/Vienna', 'en-GB', '30 Nov 2026, 19:36 CET'],
    ['Asia/Kolkata', 'en-GB', '1 Dec 2026, 00:06 GMT+5:30'],
    ['America/New_York', 'en-US', 'Nov 30, 2026, 1:36 PM EST'],
    ['Europe/Vienna', 'de-AT', '30. Nov. 2026, 19:36 MEZ'],
    [null, null, '30 Nov 2026, 18:36 UTC'],
    ['Mars/Base', 'no tag!', '30 Nov 2026, 18:36 UTC'],
  ])('in %s, written as %s', (zone, locale, words) => {
    expect(clockOf(zone, locale).time('2026-11-30T18:36:00Z').replaceAll('\u202f', ' ')).toBe(words)
  })

  test.each([
    ['an ordinary day', vienna, '2026-11-30', '2026-11-29T23:00:00Z', '2026-11-30T23:00:00Z'],
    ['a day of 23 hours', vienna, '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['a day of 25 hours', vienna, '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    [
      'a day without a midnight',
      new Clock('America/Santiago', 'en-GB'),
      '2026-09-06',
      '2026-09-06T04:00:00Z',
      '2026-09-07T03:00:00Z',
    ],
    [
      'half an hour beside',
      new Clock('Asia/Kolkata', 'en-GB'),
      '2026-11-30',
      '2026-11-29T18:30:00Z',
      '2026-11-30T18:30:00Z',
    ],
    [
      'the first day',
      new Clock('Asia/Kolkata', 'en-GB'),
      '0001-01-01',
      '0001-01-01T00:00:00Z',
      '0001-01-01T18:06:32Z',
    ],
    [
      'the last day',
      new Clock('America/New_York', 'en-GB'),
      '9999-12-31',
      '9999-12-31T05:00:00Z',
      '9999-12-31T23:59:59.999Z',
    ],
  ])('knows when %s begins and ends', (_, clock, day, start, end) => {
    expect([clock.startOf(day), clock.endOf(day)]).toEqual([start, end])
    if (day < '9999') expect([clock.day(start), clock.lastDay(end)]).toEqual([day, day])
  })

  test.each([
    ['2026-11-30T12:00:00Z', '2026-11-30T12:00:00.000Z'],
    ['2026-11-30T12:00:00+02:00', '2026-11-30T10:00:00.000Z'],
    ['2026-11-30', '2026-11-30T23:00:00Z'],
    ['2026-11-30T12:00', '2026-11-30T11:00:00Z'],
    // between two and three, where the clock goes forward
    ['2026-03-29T02:30', '2026-03-29T01:30:00Z'],
  ])('takes %s to mean %s', (sent, instant) => {
    expect(vienna.moment(sent)).toBe(instant)
  })
})

describe('zones', () => {
  test('are offered by the names that they have now, and known to PostgreSQL', async () => {
    expect(zones).toEqual(expect.arrayContaining(['Asia/Kolkata', 'Europe/Kyiv', 'Europe/Vienna']))
    expect(zones).not.toEqual(expect.arrayContaining(['Asia/Calcutta']))
    for (const former of Object.keys(renamed)) expect(Intl.supportedValuesOf('timeZone')).toContain(former)
    const { rows } = await sql<{ name: string }>`select name from pg_timezone_names`.execute(owner)
    const known = new Set(rows.map(({ name }) => name))
    const former = new Map(Object.entries(renamed).map(([was, now]) => [now, was]))
    expect(zones.filter((zone) => !known.has(zone) && !known.has(former.get(zone) ?? ''))).toEqual([])
  })

  test('are taken by old and new names', () => {
    for (const zone of [...zones, ...Object.keys(renamed), 'UTC', 'US/Eastern', 'Etc/GMT+5'])
      expect(isZone(zone), zone).toBe(true)
    // abbreviations mean one thing to PostgreSQL and another to ICU
    for (const zone of ['', 'CST', 'ACT', '+01:00', 'SystemV/PST8', 'Mars/Base', 'Europe/Vienna;'])
      expect(isZone(zone), zone).toBe(false)
  })
})

test('each language on offer writes a time in its own way, and is one', () => {
  for (const tag of locales) expect(isLocale(tag), tag).toBe(true)
  for (const tag of ['', 'Klingon!', 'xx-!!']) expect(isLocale(tag), tag).toBe(false)
})
