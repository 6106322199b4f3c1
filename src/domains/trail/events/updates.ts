import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { midSentence } from '#src/locale/noun.ts'
import type { Resource } from '#src/resource/entity.ts'
import { fieldLabel, speaks } from '#src/resource/history/fields.ts'

/** Beyond so many fields a sentence counts them. */
const MAX_NAMED = 3

const list = new Intl.ListFormat('en')

/**
 * What an update did, by the fields that changed: "disabled Dora Demo", "changed Dora Demo’s e-mail and time zone",
 * "renamed the role Guest to Visitor and changed its description".
 * @param words the record, as the sentence names it
 */
export function updated({ data, target }: EventRecord, words: string, entity: Resource | undefined): string {
  const { before = {}, after = {} } = data
  const differs = (field: string) => JSON.stringify(before[field]) !== JSON.stringify(after[field])
  const fields = Object.keys(after).filter((field) => speaks(field) && differs(field))
  const verb = fields.includes('status') ? verbOf(before.status, after.status) : null
  const title = entity?.declared.title ?? 'name'
  const renamed = fields.find((field) => field === title)
  const others = fields.filter((field) => field !== renamed && !(verb && field === 'status'))

  const done: string[] = []
  if (verb) done.push(`${verb} ${words}`)
  if (renamed) {
    const was = verb ? 'it' : namedThen(words, target.name, before[renamed])
    done.push(`renamed ${was} to ${after[renamed]}`)
  }
  const isPerson = entity?.declared.one === 'person'
  const labels = others.map((field) => midSentence(fieldLabel(entity, field)))
  const what = list.format(labels)
  if (labels.length > MAX_NAMED)
    done.push(`changed ${labels.length} fields${done.length ? '' : ` of ${words}`}`)
  else if (labels.length && done.length) done.push(`changed ${isPerson ? 'their' : 'its'} ${what}`)
  else if (labels.length)
    done.push(isPerson && target.name ? `changed ${words}’s ${what}` : `changed the ${what} of ${words}`)
  return done.length ? list.format(done) : `changed ${words}`
}

/** "disabled", "archived"; null for a state that is no verb. */
function verbOf(was: unknown, is: unknown): string | null {
  if (is === 'active') return was === 'disabled' ? 'enabled' : 'activated'
  return typeof is === 'string' && is.endsWith('ed') ? is : null
}

const namedThen = (words: string, name: string | undefined, was: unknown) =>
  name && was ? `${words.slice(0, -name.length)}${was}` : words
