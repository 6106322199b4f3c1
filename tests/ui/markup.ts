import { expect } from 'vitest'

/** A string that would be markup wherever it is not escaped. */
export const evil = `"><img src=x onerror=alert(1)> & 'quoted' hx-get="/steal"`

/** The string is there, as text; and nothing carries a style or runs code. */
export function expectHarmless(markup: string) {
  expect(markup).toContain('&lt;img src=x')
  expect(markup).not.toContain('<img')
  const tags = markup.replace(/"[^"]*"/g, '""').match(/<[a-z!/][^>]*>/gi) ?? []
  expect(tags.filter((tag) => /\s(style|on[a-z]+|hx-get="\/steal)\s*=/i.test(tag))).toEqual([])
}
