import type { UserActor } from '#src/access/actor.ts'
import { fold } from '#src/db/fold.ts'
import { navigationFor } from '#src/domains/shell/navigation.ts'
import { pathsOf } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'
import { allResources } from '#src/resource/entity.ts'
import type { IconName } from '#src/ui/icons.ts'

/** One thing to choose: a place, an action, a record. */
export type Entry = { title: string; hint: string | null; icon: IconName | (string & {}); path: string }

const wordsOf = (text: string) =>
  fold(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)

/** Each word that was typed begins a word of the entry; nothing typed matches everything. */
const matching = (q: string) => {
  const typed = wordsOf(q)
  return ({ title, hint }: Entry) => {
    const words = wordsOf(`${title} ${hint ?? ''}`)
    return typed.every((one) => words.some((word) => word.startsWith(one)))
  }
}

/** Whether what was typed begins the first word of one of them: it is what is meant. */
export const meant = (entries: readonly Entry[], q: string): boolean => {
  const [first] = wordsOf(q)
  return first !== undefined && entries.some(({ title }) => wordsOf(title)[0]?.startsWith(first))
}

/** Whether one of them is called just what was typed. */
export const called = (entries: readonly Entry[], q: string): boolean => {
  const name = wordsOf(q).join(' ')
  return entries.some(({ title, hint }) => [title, hint ?? ''].some((one) => wordsOf(one).join(' ') === name))
}

/** Pages that the person may go to. */
export const goTo = (actor: UserActor, contexts: readonly Domain[], q: string): Entry[] =>
  navigationFor(actor, contexts)
    .map(({ label, section, icon, href }) => ({ title: label, hint: section ?? null, icon, path: href }))
    .filter(matching(q))

/** What the person may begin: a new record of each entity that they may make, where there is a page for it. */
export const toDo = (actor: UserActor, q: string, pages: ReadonlySet<string>): Entry[] =>
  allResources()
    .filter((resource) => pages.has(pathsOf(resource.path).new) && actor.can(resource.may('create')))
    .map(({ declared, path }) => ({
      title: declared.adding ?? `Add ${declared.one}`,
      hint: null,
      icon: declared.icon,
      path: pathsOf(path).new,
    }))
    .filter(matching(q))
