import type { Column } from '#src/resource/kinds/column.ts'
import type { Stage } from '#tests/resource/stage.ts'

/** A value for row `n`, so that there are ties, gaps and every choice; undefined where the sample's will do. */
export function varied(
  { kind, required, options, sortable, filterable }: Column,
  n: number,
  { people }: Stage,
): unknown {
  if (kind.name === 'reference')
    return filterable ? [people.owner.id, people.looker.id, null][n % 3] : undefined
  if (kind.name === 'flag') return n % 3 === 0
  if (kind.name === 'choice') return options?.[n % options.length]
  if (kind.name === 'tags') return [['red'], ['blue', 'red'], []][n % 3]
  if (!required && !sortable && n % 4 === 0) return kind.name === 'text' ? '' : null
  if (kind.name === 'integer') return 1 + (n % 5)
  if (kind.name === 'decimal') return `${1 + (n % 5)}.5`
  if (kind.name === 'instant') return `2026-03-1${n % 3}T00:00:00.000001+00:00`
  if (kind.name === 'date') return `2026-0${1 + (n % 4)}-1${n % 3}`
  return undefined
}

type Filter = [query: string, fits: (value: unknown) => boolean]

/** Filters of a column as they stand in the address, and which values each lets through. */
export function filtersOf(name: string, { kind, options = [] }: Column, { people }: Stage): Filter[] {
  if (kind.name === 'choice')
    return [
      ...options.map((option): Filter => [`${name}=${option}`, (value) => value === option]),
      [`${name}=${options.join(',')}`, () => true],
      [`${name}=`, () => true],
    ]
  if (kind.name === 'flag')
    return ['true', 'false'].map((word): Filter => [`${name}=${word}`, (value) => String(value) === word])
  if (kind.name === 'integer')
    return ranges(name, '2', (value) => (value === null ? null : Number(value) - 2))
  if (kind.name === 'decimal')
    return ranges(name, '2.5', (value) => (value === null ? null : Number(value) - 2.5))
  if (kind.name === 'date')
    return ranges(name, '2026-03-11', (value) =>
      value === null ? null : String(value).localeCompare('2026-03-11'),
    )
  const at = '2026-03-11T00:00:00.000001Z'
  if (kind.name === 'instant')
    return ranges(name, at, (value) =>
      value === null ? null : String(value).localeCompare(at.replace('Z', '+00:00')),
    )
  if (kind.name === 'tags')
    return [
      [`${name}=blue`, (value) => (value as string[]).includes('blue')],
      [`${name}=BLUE,red`, (value) => (value as string[]).length > 0],
      [`${name}=re`, () => false],
      [`${name}=`, () => true],
    ]
  const both = [people.owner.id, people.looker.id]
  if (kind.name === 'reference')
    return [
      [`${name}=${both[0]}`, (value) => value === both[0]],
      [`${name}=${both}`, (value) => both.includes(value as string)],
      [`${name}=${people.nobody.id}`, () => false],
    ]
  return []
}

const ranges = (name: string, at: string, compare: (value: unknown) => number | null): Filter[] => {
  const by = (fits: (difference: number) => boolean) => (value: unknown) => {
    const difference = compare(value)
    return difference !== null && fits(difference)
  }
  return [
    [`${name}=${at}`, by((d) => d === 0)],
    [`${name}.gte=${at}`, by((d) => d >= 0)],
    [`${name}.gt=${at}`, by((d) => d > 0)],
    [`${name}.lte=${at}`, by((d) => d <= 0)],
    [`${name}.lt=${at}`, by((d) => d < 0)],
    [`${name}.gte=${at}&${name}.lte=${at}`, by((d) => d === 0)],
  ]
}

/** What a column's filter refuses. */
export function wrongFilters(name: string, { kind }: Column): string[] {
  const wrong: Partial<Record<string, string[]>> = {
    choice: ['nonsense', "'", '__proto__'],
    flag: ['yes', '1', 'true,false'],
    integer: ['two', '1.5', '1e3', '99999999999999999999'],
    decimal: ['two', '1e3', '1,5'],
    date: ['yesterday', '2026-02-30', '2026-1-1'],
    instant: ['yesterday', '2026-02-30T00:00:00Z'],
    reference: ['nonsense'],
    tags: ['x'.repeat(51)],
  }
  const odd = ['integer', 'decimal', 'date', 'instant'].includes(kind.name) ? [] : [`${name}.gte=1`]
  return [...(wrong[kind.name] ?? []).map((value) => `${name}=${encodeURIComponent(value)}`), ...odd]
}
