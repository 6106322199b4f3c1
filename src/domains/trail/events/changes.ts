import type { EventRecord } from '#src/domains/trail/events/model.ts'
import type { Names } from '#src/domains/trail/events/words.ts'
import type { Clock } from '#src/locale/clock.ts'
import type { Resource } from '#src/resource/entity.ts'
import { fieldLabel, speaks, told } from '#src/resource/history/fields.ts'
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
  const kept = Object.entries(others).filter(([name]) => name !== 'wanted')
  return [
    ...changed,
    ...kept.map(([name, value]) => ({
      field: fieldLabel(undefined, name),
      to: told(undefined, name, value, names, clock),
    })),
  ]
}
