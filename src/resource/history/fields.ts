import type { Clock } from '#src/locale/clock.ts'
import { capital, withArticle } from '#src/locale/noun.ts'
import type { Resource } from '#src/resource/entity.ts'

const spoken = (name: string) => name.replaceAll('_', ' ')

/** A field of the trail for people: its column's label, else its name in words. */
export const fieldLabel = (entity: Resource | undefined, field: string): string =>
  entity?.columns[field]?.label ?? capital(spoken(field.replace(/_id(s?)$/, '$1')))

/** Hides ids of things without a page or a name. */
export const speaks = (field: string): boolean => field !== 'account_id'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*(Z|[+-]\d\d(:?\d\d)?)$/
const PERSON = /user|_by$|impersonator/

/** Stands for an id whose record is gone, or hidden from the reader. */
function unseen(field: string): string {
  if (PERSON.test(field)) return 'someone'
  return withArticle(spoken(field.replace(/_ids?$/, '')))
}

/** A value of the trail for people, by the reader's clock: never an id, an identifier of the code, or JSON. */
export function told(
  entity: Resource | undefined,
  field: string,
  value: unknown,
  names: ReadonlyMap<string, string>,
  clock: Clock,
): string | null | undefined {
  if (value === undefined || value === null) return value
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  if (Array.isArray(value))
    return value.length ? value.map((one) => told(entity, field, one, names, clock)).join(', ') : null
  if (typeof value === 'object') {
    const count = field === 'gains' || field === 'loses'
    return Object.entries(value)
      .map(([name, one]) =>
        count
          ? `${name} (${one})`
          : `${capital(spoken(name))}: ${told(undefined, name, one, names, clock) ?? '–'}`,
      )
      .join(count ? ', ' : '\n')
  }
  const text = String(value)
  const name = names.get(text)
  if (name !== undefined) return name
  if (ID.test(text)) return unseen(field)
  if (INSTANT.test(text)) return clock.time(text)
  const { options, labels } = entity?.columns[field] ?? {}
  const isWord = options?.includes(text) || WORDS.includes(field)
  return isWord ? (labels?.[text] ?? capital(spoken(text))) : text
}

/** Fields whose values are identifiers of the code, even if no entity declares them. */
const WORDS = ['status', 'kind', 'role', 'template', 'because', 'scope']
