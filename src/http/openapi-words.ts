import { forKeys } from '#src/access/narrowing.ts'
import type { Access, Endpoint } from '#src/http/endpoint.ts'
import { takesKey } from '#src/http/idempotency.ts'

export function sentencesOf(endpoint: Endpoint): string {
  const { access, method, path, requiresRecentAuth, secret, csv, upload } = endpoint
  const changes = method !== 'GET' && path.includes('/:')
  return [
    whoCan(access),
    requiresRecentAuth && 'Requires a sign-in or a confirmation (POST /auth/confirm) in the last 10 minutes.',
    csv && 'As text/csv, the response is a file and isn’t paginated.',
    upload && 'Send the file as a text/csv body, or as the field `file` of multipart/form-data.',
    secret && 'The response contains a secret that can’t be read again.',
    changes && 'With If-Match, it fails if the record has changed since.',
    takesKey(endpoint) && 'With an Idempotency-Key, it can be retried safely.',
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ')
}

function whoCan(access: Access): string {
  if ('public' in access) return `No sign-in required: ${access.public}.`
  if ('can' in access) {
    const inPerson = forKeys(access.can) ? '' : ' API keys can’t use it.'
    return `Requires the permission ${access.can}; its scope decides which records.${inPerson}`
  }
  return access.signedIn === 'in person'
    ? 'For anyone signed in. API keys can’t use it.'
    : 'For anyone signed in, and for API keys.'
}

export const tagged = (tag: string) => `Everything under /${tag}.`
