import { resourceOf } from '#src/resource/resource.ts'

const verbs: Readonly<Record<string, string>> = { read: 'View', update: 'Edit' }

/** A permission as people say it: `user:read:group` is "View people in own groups". */
export function permissionInWords(code: string): string {
  const [model = '', action = '', scope = ''] = code.split(':')
  const many = resourceOf(model)?.declared.many ?? `${model.replaceAll('_', ' ')}s`
  const named = action.replaceAll('_', ' ')
  const verb = verbs[action] ?? named.charAt(0).toUpperCase() + named.slice(1)
  if (scope === 'own') return `${verb} own ${many}`
  if (scope === 'group') return `${verb} ${many} in own groups`
  return action === 'create' ? `${verb} ${many}` : `${verb} all ${many}`
}
