import { isLocale } from '#src/locale/locales.ts'
import { isZone } from '#src/locale/zones.ts'

const ZONE = 'UTC'
const LOCALE = 'en-GB'

/** Bounds that both RFC 3339 and PostgreSQL can express in any zone. */
const FIRST = Temporal.Instant.from('0001-01-01T00:00:00Z')
const LAST = Temporal.Instant.from('9999-12-31T23:59:59.999Z')

const DAY = /^\d{4}-\d\d-\d\d$/
const WALL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/

/** Someone's time zone and regional format. */
export class Clock {
  readonly zone: string
  readonly locale: string
  readonly #time: Intl.DateTimeFormat

  constructor(zone: string, locale: string) {
    this.zone = zone
    this.locale = locale
    this.#time = new Intl.DateTimeFormat(locale, {
      timeZone: zone,
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      timeZoneName: 'short',
    })
  }

  time(at: string): string {
    const date = new Date(at)
    return Number.isNaN(date.getTime()) ? at : this.#time.format(date)
  }

  day(at: string): string {
    return this.#here(at).toPlainDate().toString()
  }

  /** The last day that is over at an instant; at the end of a day, that day. */
  lastDay(end: string): string {
    return this.#here(end).subtract({ milliseconds: 1 }).toPlainDate().toString()
  }

  /** When a day starts here; not every day has a midnight. */
  startOf(day: string): string {
    return this.#start(Temporal.PlainDate.from(day))
  }

  endOf(day: string): string {
    return this.#start(Temporal.PlainDate.from(day).add({ days: 1 }))
  }

  /** Parses an instant, a local time, or a day, which means its end. */
  moment(text: string): string {
    if (DAY.test(text)) return this.endOf(text)
    if (WALL_TIME.test(text)) return said(Temporal.PlainDateTime.from(text).toZonedDateTime(this.zone))
    return new Date(text).toISOString()
  }

  #here(at: string): Temporal.ZonedDateTime {
    return Temporal.Instant.from(at).toZonedDateTimeISO(this.zone)
  }

  #start(day: Temporal.PlainDate): string {
    return said(day.toZonedDateTime(this.zone))
  }
}

function said(at: Temporal.ZonedDateTime): string {
  const instant = at.toInstant()
  if (Temporal.Instant.compare(instant, FIRST) < 0) return FIRST.toString()
  return (Temporal.Instant.compare(instant, LAST) > 0 ? LAST : instant).toString()
}

/** Formats are slow to create, and many people share one. */
const made = new Map<string, Clock>()
const MOST = 500

/** The clock for these choices; null means none was made. */
export function clockOf(zone: string | null, locale: string | null): Clock {
  const name = `${zone} ${locale}`
  const kept = made.get(name)
  if (kept) return kept
  const clock = new Clock(zone && isZone(zone) ? zone : ZONE, locale && isLocale(locale) ? locale : LOCALE)
  if (made.size >= MOST) made.delete(made.keys().next().value as string)
  made.set(name, clock)
  return clock
}
