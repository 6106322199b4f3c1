import type { Context } from 'hono'
import { cookieValues } from '#src/http/cookies.ts'
import { isLocale } from '#src/locale/locales.ts'
import { isZone } from '#src/locale/zones.ts'

/** The browser's time zone (a cookie of js/time.js) and language. */
export function whereaboutsOf(c: Context): { timeZone: string | undefined; locale: string | undefined } {
  return { timeZone: zoneOf(c), locale: localeOf(c.req.header('accept-language') ?? '') }
}

function zoneOf(c: Context): string | undefined {
  const [cookie = ''] = cookieValues(c, 'zone')
  const zone = cookie.replaceAll('%2F', '/')
  return zone.length <= 64 && isZone(zone) ? zone : undefined
}

/** The first accepted language: they come in order of preference. */
const localeOf = (header: string) =>
  header
    .slice(0, 200)
    .split(',')
    .map((wish) => wish.split(';', 1)[0]?.trim() ?? '')
    .find((tag) => tag.length <= 35 && isLocale(tag))
