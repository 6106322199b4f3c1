import { capital } from '#src/locale/noun.ts'
import { resourceOf } from '#src/resource/entity.ts'

const verbs: Readonly<Record<string, string>> = { read: 'View', update: 'Edit' }

/** A permission as people say it: `user:read:group` is "View people in own groups". */
export function permissionInWords(code: string): string {
  const [model = '', action = '', scope = ''] = code.split(':')
  const many = resourceOf(model)?.declared.many ?? `${model.replaceAll('_', ' ')}s`
  const verb = verbs[action] ?? capital(action.replaceAll('_', ' '))
  if (scope === 'own') return `${verb} own ${many}`
  if (scope === 'group') return `${verb} ${many} in own groups`
  return action === 'create' ? `${verb} ${many}` : `${verb} all ${many}`
}
