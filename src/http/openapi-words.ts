import { forKeys } from '#src/access/narrowing.ts'
import type { Access, Endpoint } from '#src/http/endpoint.ts'
import { takesKey } from '#src/http/idempotency.ts'

// What the document says in sentences.

/** What calling an operation takes, and what it offers beyond its summary. */
export function sentencesOf(endpoint: Endpoint): string {
  const { access, method, path, requiresRecentAuth, secret, csv, upload } = endpoint
  const changes = method !== 'GET' && path.includes('/:')
  return [
    whoCan(access),
    requiresRecentAuth &&
      'Whoever signed in more than ten minutes ago confirms it first: POST /auth/confirm.',
    csv && 'As text/csv it answers the whole list, not only a page.',
    upload && 'The file is the body itself, as text/csv, or a field of multipart/form-data named `file`.',
    secret && 'The answer has a secret that nothing shows again.',
    changes && 'With If-Match it changes nothing that was changed since.',
    takesKey(endpoint) && 'With an Idempotency-Key it can be sent again without being done twice.',
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ')
}

function whoCan(access: Access): string {
  if ('public' in access) return `For everyone: ${access.public}.`
  if ('can' in access) {
    const inPerson = forKeys(access.can) ? '' : ', and no API key'
    return `Takes the permission ${access.can}, which says for which records${inPerson}.`
  }
  return access.signedIn === 'in person'
    ? 'For everyone who is signed in, and no API key.'
    : 'For everyone who is signed in, and for API keys.'
}

/** What the operations of a tag are about. */
export const tagged = (tag: string) => `Everything below /${tag}.`
