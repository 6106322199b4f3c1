import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Door } from '#src/db/database.ts'
import type { Find } from '#src/http/search-step.ts'
import { resourceOf } from '#src/resource/entity.ts'
import { type Option, offerOf, type Query } from '#src/resource/references/options.ts'
import { OFFERED } from '#src/resource/references/picking.ts'

type Named = { id: string; name: string }

/** A form field that takes several records. */
export type Choice = {
  /** Model of the records. */
  of: Model
  query: Query
  /** The record's current values, which can be kept even if they aren't offered. */
  own?: readonly Named[]
  /** Initial selection, if it isn't the current values. */
  values?: readonly string[]
}

/** Data to draw such a field. */
export type Several = {
  chosen: readonly Named[]
  /** All options, if there are few: checkboxes are quicker then. */
  few: readonly Option[] | null
  /** URL of the options; null if the user sees none. */
  options: string | null
  /** In words: "groups". */
  many: string
  /** Words typed but not yet searched for. */
  words: string
  found: { q: string; options: readonly Option[]; more: boolean } | null
}
export type Severals = Readonly<Record<string, Several>>

/** Up to this many checkboxes are quicker than a search. */
const FEW = 12
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type Asking = { db: Door; actor: UserActor; find: Find | null }

/** Data for fields that take several records: current or sent values, and what may be added. */
export async function severalsFor(
  asking: Asking,
  choices: Readonly<Record<string, Choice>>,
  input: Record<string, unknown> | undefined,
): Promise<Severals> {
  const severals = Object.entries(choices).map(
    async ([name, choice]) => [name, await severalFor(asking, name, choice, input?.[name])] as const,
  )
  return Object.fromEntries(await Promise.all(severals))
}

async function severalFor(
  { db, actor, find }: Asking,
  name: string,
  { of, query, own = [], values = own.map(({ id }) => id) }: Choice,
  sent: unknown,
): Promise<Several> {
  const resource = resourceOf(of)
  const many = resource?.declared.many ?? ''
  const ids = sent === undefined ? values : idsIn(sent)
  const kept = own.filter(({ id }) => ids.includes(id))
  const grant = resource && actor.find(resource.may('read'))
  if (!resource || !grant) return { chosen: kept, few: null, options: null, many, words: '', found: null }
  const offer = await offerOf(db, actor, resource, grant, query)
  const others = ids.filter((id) => !own.some((one) => one.id === id))
  const [first, added] = await Promise.all([offer.page(FEW), offer.among(others)])
  const chosen = [...kept, ...added]
  if (!first.more) return { chosen, few: first.options, options: null, many, words: '', found: null }
  const q = find?.words[name] ?? ''
  const asked = find?.field === name
  const found = asked ? { q, ...(await offer.page(OFFERED, q)) } : null
  return { chosen, few: null, options: offer.url, many, words: asked ? '' : q, found }
}

/** Ids from checkboxes, or from a comma-separated text. */
const idsIn = (sent: unknown): string[] => {
  const all = [sent].flat().flatMap((one) => (typeof one === 'string' ? one.toLowerCase().split(',') : []))
  return [...new Set(all.filter((one) => UUID.test(one)))]
}
