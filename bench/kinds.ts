import { CREATED, type SessionKind, type Tested, tokenOf } from './data/tested.ts'
import type { Name } from './measure/server.ts'

export type Request = {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: () => string
}

export type Kind = {
  key: string
  label: string
  organization: Tested
  /** The least share of the floor that is allowed. */
  budget: number | null
  /** Most round trips with rights in the cache. */
  roundTrips: number | null
  as: SessionKind
  request: Pick<Request, 'method' | 'body'> & { path: string }
}

const LIST = 'users?status=active&sort=-created_at'

let serial = 0
const stamp = Date.now().toString(36)

/** Nobody has the same name twice, in this run or in one that was cut off. */
function newAccount(): string {
  const username = `${CREATED}${stamp}-${(serial++).toString(36)}`
  return JSON.stringify({ username, first_name: 'Night shift' })
}

/** @param person whom the single read reads */
export const kindsOfWork = (person: string): Kind[] => [
  {
    key: 'list',
    label: 'list, 100 people',
    organization: 'small',
    budget: 0.75,
    roundTrips: 1,
    as: 'token',
    request: { method: 'GET', path: `/api/v1/${LIST}` },
  },
  {
    key: 'list-big',
    label: 'list, 100,000 people',
    organization: 'big',
    budget: 0.75,
    roundTrips: 1,
    as: 'token',
    request: { method: 'GET', path: `/api/v1/${LIST}` },
  },
  {
    key: 'html',
    label: 'list as a page',
    organization: 'small',
    budget: 0.6,
    roundTrips: 1,
    as: 'browser',
    request: { method: 'GET', path: `/${LIST}` },
  },
  {
    key: 'read',
    label: 'read one',
    organization: 'small',
    budget: 0.75,
    roundTrips: 1,
    as: 'token',
    request: { method: 'GET', path: `/api/v1/users/${person}` },
  },
  {
    key: 'create',
    label: 'create one (a service account: nobody is invited)',
    organization: 'growing',
    budget: 0.75,
    roundTrips: 2,
    as: 'token',
    request: { method: 'POST', path: '/api/v1/service-accounts', body: newAccount },
  },
  {
    key: 'me',
    label: 'who am I',
    organization: 'small',
    budget: null,
    roundTrips: null,
    as: 'token',
    request: { method: 'GET', path: '/api/v1/auth/me' },
  },
]

/** A request of that kind, with the credential as each server wants it. */
export function requestOf({ organization, as, request }: Kind, name: Name, cookie: string): Request {
  const token = tokenOf(organization, as)
  const credential: Record<string, string> =
    as === 'token'
      ? { authorization: `Bearer ${token}`, accept: 'application/json' }
      : {
          cookie: `${name === 'floor' ? 'session' : cookie}=${token}`,
          accept: 'text/html',
          'accept-encoding': 'gzip, deflate, br',
        }
  const headers = request.body ? { ...credential, 'content-type': 'application/json' } : credential
  return { ...request, headers }
}
