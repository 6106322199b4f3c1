import type { EventRecord } from '#src/domains/trail/events/model.ts'
import type { Names } from '#src/domains/trail/events/words.ts'
import type { Clock } from '#src/locale/clock.ts'
import type { Resource } from '#src/resource/entity.ts'
import { fieldLabel, speaks, told } from '#src/resource/history/fields.ts'
import { happenings } from '#src/resource/history/happenings.ts'
import { operators } from '#src/resource/list/filters-in-words.ts'
import type { Change } from '#src/ui/difference.tsx'

/** What an event keeps, field by field: from what to what, or what it counted and wanted. */
export function changesIn(
  { data }: EventRecord,
  names: Names,
  entity: Resource | undefined,
  clock: Clock,
): Change[] {
  const { before = {}, after = {}, ...others } = data
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(speaks)
  const changed = fields.map((name): Change => {
    const field = fieldLabel(entity, name)
    const [from, to] = [before[name], after[name]].map((value) => told(entity, name, value, names, clock))
    return name in before && from === to && JSON.stringify(before[name]) === JSON.stringify(after[name])
      ? { field, to }
      : { field, from, to }
  })
  // what a refusal wanted stands among the facts
  const kept = Object.entries(others).filter(
    ([name, value]) => name !== 'wanted' && !(name === 'whole' && value),
  )
  return [
    ...changed,
    ...kept.map(([name, value]) => ({
      field: fieldLabel(undefined, name),
      to:
        name === 'filters' ? limits(entity, value, names, clock) : told(undefined, name, value, names, clock),
    })),
  ]
}

/** What the rows of a file were limited to: "Status: Active, Added: from 1 Dec 2026". */
function limits(entity: Resource | undefined, filters: unknown, names: Names, clock: Clock): string {
  const said = Object.entries(filters as Record<string, string[]>).map(([name, values]) => {
    const [field = '', operator = ''] = name.split('.')
    const words = values.map(
      (value) => happenings()[value] ?? told(entity, field, flags[value] ?? value, names, clock),
    )
    return `${fieldLabel(entity, field)}: ${operators[operator] ?? ''}${words.join(' or ')}`
  })
  return said.join(', ')
}

const flags: Readonly<Record<string, boolean>> = { true: true, false: false }
