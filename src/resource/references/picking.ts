import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import type { Refusal } from '#src/http/endpoint.ts'
import type { Find } from '#src/http/search-step.ts'
import { nameOfReference, type RecordRow, type Resource, resourceOf } from '#src/resource/entity.ts'
import { namesOf } from '#src/resource/list/source.ts'
import { type Option, offerOf, type Query } from '#src/resource/references/options.ts'

/** A reference in a form: its current record, and the results of a search. */
export type Picking = {
  value: string
  /** Null if the user may not see it. */
  name: string | null
  /** URL of the options; null if the user sees none, or there is no search. */
  options: string | null
  /** All options, if there is no search or a rule leaves only a few. */
  few: readonly { value: string; label: string }[]
  /** In words: "people". */
  many: string
  /** Words typed but not yet searched for. */
  words: string
  found: { q: string; options: readonly Option[]; more: boolean } | null
}
export type Pickings = Readonly<Record<string, Picking>>

type PickingInput = {
  row?: RecordRow | undefined
  refusal?: Refusal | undefined
  find: Find | null
  /** Rules that limit the options. */
  choices?: Readonly<Record<string, Query>>
}

export const OFFERED = 20
const FEW = 200

/**
 * Data for a form's references. An untouched form needs no look-up: names come with the record. Sent and searched
 * values are looked up within the reader's Grants.
 */
export async function pickingsFor(
  db: Door,
  actor: UserActor,
  { columns }: Resource,
  { row, refusal, find, choices = {} }: PickingInput,
): Promise<Pickings> {
  const references = Object.entries(columns).filter(([, { of, write }]) => of && write !== 'never')
  const picked = references.map(async ([name, { of = '' }]): Promise<[string, Picking]> => {
    const target = resourceOf(of)
    const grant = target && actor.find(target.may('read'))
    const named = row?.[nameOfReference(name)] as { id: string; name?: string } | null | undefined
    const sent = refusal?.input[name]
    const value = typeof sent === 'string' ? sent : (named?.id ?? '')
    const many = target?.declared.many ?? ''
    if (!target || !grant)
      return [name, { value, name: null, options: null, few: [], many, words: '', found: null }]
    const known = value === '' || value === named?.id ? named?.name : (await namesIn(value)).get(value)
    const { searched } = target.declared
    const offer = await offerOf(db, actor, target, grant, choices[name] ?? {})
    if (!searched || choices[name]) {
      const { options, more } = await offer.page(FEW)
      const few = options.map((one) => ({ value: one.id, label: labelOf(one, searched) }))
      if (!searched || !more)
        return [name, { value, name: known ?? null, options: null, few, many, words: '', found: null }]
    }
    const q = find?.words[name] ?? ''
    const asked = find?.field === name
    const found = asked ? { q, ...(await offer.page(OFFERED, q)) } : null
    const words = asked ? '' : q
    return [name, { value, name: known ?? null, options: offer.url, few: [], many, words, found }]

    async function namesIn(id: string) {
      return UUID.test(id) && target && grant
        ? namesOf(db, actor, target, grant, [id])
        : new Map<string, string>()
    }
  })
  return Object.fromEntries(await Promise.all(picked))
}

/** An option's line in a select. */
const labelOf = ({ name, hint }: Option, apart = false) => (apart && hint ? `${name} (${hint})` : name)

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
