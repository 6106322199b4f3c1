import { capital } from '#src/locale/noun.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import type { May } from '#src/resource/list/views.tsx'
import type { Filter } from '#src/ui/toolbar.tsx'

/** The values of a list's filters, as in its URL. */
export const chosenIn = ({ filters }: ListView): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).map(([name, values]) => [name, values.join(',')]))

/** A list's declared filters as shown: chips for few values, a select for more. */
export function filtersOf(resource: Resource, chosen: Record<string, string>, may: May): Filter[] {
  const filters = Object.entries(resource.columns).flatMap(([name, column]): Filter[] => {
    if (!column.filterable) return []
    const tags = column.kind.tagged ? chosen[name] : undefined
    if (tags)
      return [{ name, label: column.label, value: tags, any: 'Any', options: [{ value: tags, label: tags }] }]
    const options = column.kind.values?.(column) ?? []
    if (!options.length) return []
    const labels = column.kind.labels?.(column) ?? {}
    return [
      {
        name,
        label: column.label,
        value: chosen[name] ?? null,
        as: options.length > 5 ? 'select' : 'chips',
        options: options.map((value) => ({ value, label: labels[value] ?? capital(value) })),
      },
    ]
  })
  if (resource.soft && may.delete)
    filters.push({
      name: 'deleted',
      label: 'Deleted',
      value: chosen.deleted ?? null,
      as: 'toggle',
      options: [{ value: 'true', label: 'Show deleted' }],
    })
  return filters
}

export const operators: Record<string, string> = { gte: 'from ', gt: 'after ', lte: 'up to ', lt: 'before ' }

/**
 * A list's filters in words, for the question before many rows are changed; includes filters that only the URL sets.
 * Empty if there are none.
 */
export function limitsInWords(
  resource: Resource,
  view: ListView,
  may: May,
  lookedUp: readonly Filter[],
): string {
  const chosen = chosenIn(view)
  const shown = new Map([...lookedUp, ...filtersOf(resource, chosen, may)].map((one) => [one.name, one]))
  const said = Object.entries(chosen).map(([name, value]) => {
    const [column = '', operator = ''] = name.split('.')
    const filter = shown.get(name)
    if (filter?.as === 'toggle') return filter.label
    const label = filter?.label ?? resource.columns[column]?.label ?? capital(column)
    const known = filter?.options.find((option) => option.value === value)?.label
    const each = value
      .split(',')
      .map((one) => filter?.options.find((option) => option.value === one)?.label ?? one)
    return `${label}: ${operators[operator] ?? ''}${known ?? each.join(' or ')}`
  })
  return [...(view.q ? [`“${view.q}”`] : []), ...said].join(', ')
}
