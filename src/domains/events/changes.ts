import type { EventRecord } from '#src/domains/events/model.ts'
import type { Names } from '#src/domains/events/words.ts'
import { type Clock, spoken as timed } from '#src/platform/clock.ts'
import type { Resource } from '#src/resource/resource.ts'
import type { Change } from '#src/ui/difference.tsx'

/** What an event keeps, field by field: from what to what, or what it counted and wanted. */
export function changesIn(
  { data }: EventRecord,
  names: Names,
  entity: Resource | undefined,
  clock: Clock,
): Change[] {
  const { before = {}, after = {}, ...others } = data
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const label = (field: string) => entity?.columns[field]?.label ?? spoken(field.replace(/_id$/, ''))
  const changed = fields.map((field): Change => {
    const [from, to] = [told(before[field], names, clock), told(after[field], names, clock)]
    return field in before && from === to ? { field: label(field), to } : { field: label(field), from, to }
  })
  // what a refusal wanted stands among the facts
  const kept = Object.entries(others).filter(([name]) => name !== 'wanted')
  return [
    ...changed,
    ...kept.map(([name, value]) => ({ field: spoken(name), to: told(value, names, clock) })),
  ]
}

const spoken = (name: string) => {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function told(value: unknown, names: Names, clock: Clock): string | null | undefined {
  if (value === undefined || value === null) return value
  if (typeof value !== 'object') return names.get(String(value)) ?? timed(String(value), clock)
  if (Array.isArray(value)) return value.map((one) => told(one, names, clock)).join(', ')
  return Object.entries(value)
    .map(([name, one]) => `${name}: ${told(one, names, clock)}`)
    .join('\n')
}
