import { capital } from '#src/locale/noun.ts'
import { resourceOf } from '#src/resource/entity.ts'

const verbs: Readonly<Record<string, string>> = { read: 'View', update: 'Edit', enter: 'Open' }
const verbOf = (action: string) => verbs[action] ?? capital(action.replaceAll('_', ' '))
const manyOf = (model: string) => resourceOf(model)?.declared.many ?? `${model.replaceAll('_', ' ')}s`

/** A model in words: `api_key` is "API keys". */
export const modelInWords = (model: string): string => capital(manyOf(model))

/** A permission in words: `user:read:group` is "View people in own groups", `user:read` "View people". */
export function permissionInWords(code: string): string {
  const [model = '', action = '', scope] = code.split(':')
  const [verb, many] = [verbOf(action), manyOf(model)]
  if (scope === 'own') return `${verb} own ${model === 'user' ? 'profile' : many}`
  if (scope === 'group') return `${verb} ${many} in own groups`
  return scope === undefined || action === 'create' ? `${verb} ${many}` : `${verb} all ${many}`
}

/** A permission as an option, in words and grouped by model. */
export const permissionOption = (code: string) => ({
  value: code,
  label: permissionInWords(code),
  model: modelInWords(code.slice(0, code.indexOf(':'))),
})

/** An ability to follow "can": "view" if the record is named, else "view people". */
export function abilityInWords(code: string, named: boolean): string {
  const words = named ? verbOf(code.split(':')[1] ?? '') : permissionInWords(code)
  return words.charAt(0).toLowerCase() + words.slice(1)
}
