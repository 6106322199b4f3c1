import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type pg from 'pg'
import { type Actor, closeDatabase, connected, findActor, inOrganization } from './database.ts'
import { usersPage } from './page.ts'
import { createUser, findUser, type List, listUsers, type NewUser, sorts } from './users.ts'

/**
 * The floor: what this machine gives to a plain Node program over the same database, as a careful engineer writes
 * it with nothing but node:http and pg. It answers as Ambit does and is no less strict about who may.
 */

type Answer = { status: number; body: string | Buffer; type?: string; headers?: Record<string, string> }
type Request = {
  method: string
  path: string
  query: URLSearchParams
  body: string
  page: boolean
  gzip: boolean
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const BODY_LIMIT = 1024 * 1024

const json = (value: unknown, status = 200, headers?: Record<string, string>): Answer => ({
  status,
  body: JSON.stringify(value),
  headers,
})
const problem = (status: number, title: string): Answer => ({
  status,
  body: JSON.stringify({ type: 'about:blank', title, status }),
  type: 'application/problem+json',
})

const server = createServer(async (incoming, outgoing) => {
  try {
    send(outgoing, await answer(incoming))
  } catch (error) {
    console.error(error)
    send(outgoing, problem(500, 'Something went wrong'))
  }
})

async function answer(incoming: IncomingMessage): Promise<Answer> {
  const { method = 'GET', url = '/' } = incoming
  const [path = '/', query] = url.split('?', 2)
  if (path === '/health') return json({ status: 'ok' })
  const credential = credentialOf(incoming)
  if (!credential) return problem(401, 'Sign in first')
  const body = method === 'POST' ? await read(incoming) : ''
  if (body === null) return problem(413, 'Too large')
  const page = incoming.headers.accept?.includes('text/html') ?? false
  const gzip = incoming.headers['accept-encoding']?.toString().includes('gzip') ?? false
  return connected(async (client) => {
    const actor = await findActor(client, createHash('sha256').update(credential.token).digest())
    if (!actor || (actor.kind === 'token') !== credential.bearer) return problem(401, 'Sign in first')
    return route(client, actor, { method, path, query: new URLSearchParams(query), body, page, gzip })
  })
}

async function route(client: pg.PoolClient, actor: Actor, request: Request): Promise<Answer> {
  const { method, path } = request
  switch (`${method} ${path}`) {
    case 'GET /api/v1/auth/me':
      return me(client, actor)
    case 'GET /users':
    case 'GET /api/v1/users':
      return list(client, actor, request)
    case 'POST /api/v1/service-accounts':
      return create(client, actor, request)
  }
  const [, id] = /^\/api\/v1\/users\/([^/]+)$/.exec(path) ?? []
  if (method === 'GET' && id && UUID.test(id)) return one(client, actor, id)
  return problem(404, 'Not found')
}

async function list(client: pg.PoolClient, actor: Actor, { query, page, gzip }: Request): Promise<Answer> {
  if (!actor.permissions.includes('user:read:all')) return problem(403, 'Not allowed')
  const sort = query.get('sort') ?? 'name'
  const asked: List = {
    status: query.get('status'),
    sort: sort.replace(/^-/, ''),
    descending: sort.startsWith('-'),
    limit: Number(query.get('limit') ?? 25),
    offset: Number(query.get('offset') ?? 0),
  }
  const { limit, offset } = asked
  const numbers =
    Number.isInteger(limit) && Number.isInteger(offset) && limit > 0 && limit <= 200 && offset >= 0
  if (!sorts.includes(asked.sort) || !numbers) return problem(400, 'Bad request')
  const found = await inOrganization(client, actor, () => listUsers(client, actor, asked))
  if (page) return packed(usersPage(actor, asked, found), gzip)
  const { users, total } = found
  const next = offset + limit < total ? String(offset + limit) : null
  const previous = offset > 0 ? String(Math.max(0, offset - limit)) : null
  return json({ data: users, page: { limit, next, previous, total } })
}

/** At the level that takes the least time for what it saves. */
function packed(html: string, gzip: boolean): Answer {
  const type = 'text/html; charset=utf-8'
  if (!gzip) return { status: 200, body: html, type }
  return { status: 200, body: gzipSync(html, { level: 1 }), type, headers: { 'content-encoding': 'gzip' } }
}

async function one(client: pg.PoolClient, actor: Actor, id: string): Promise<Answer> {
  if (!actor.permissions.includes('user:read:all')) return problem(403, 'Not allowed')
  const user = await inOrganization(client, actor, () => findUser(client, actor, id))
  return user ? json(user, 200, { etag: `"${user.version}"` }) : problem(404, 'Not found')
}

async function me(client: pg.PoolClient, actor: Actor): Promise<Answer> {
  const user = await inOrganization(client, actor, () => findUser(client, actor, actor.user))
  if (!user) return problem(404, 'Not found')
  return json({ ...user, permissions: actor.permissions, organization: actor.organization, home: null })
}

async function create(client: pg.PoolClient, actor: Actor, { body }: Request): Promise<Answer> {
  if (!actor.permissions.includes('user:create:all')) return problem(403, 'Not allowed')
  const input = newUser(body)
  if (!input) return problem(422, 'Not valid')
  try {
    const user = await inOrganization(client, actor, () => createUser(client, actor, input))
    return json(user, 201, { location: `/api/v1/users/${user.id}`, etag: `"${user.version}"` })
  } catch (error) {
    if ((error as { code?: string }).code === '23505') return problem(409, 'Conflict')
    throw error
  }
}

function newUser(body: string): NewUser | null {
  let sent: Record<string, unknown>
  try {
    sent = JSON.parse(body)
  } catch {
    return null
  }
  const text = (name: string, most: number) => {
    const value = sent[name]
    return typeof value === 'string' && value.length <= most ? value.normalize('NFKC').trim() : ''
  }
  const username = text('username', 64).toLowerCase()
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(username)) return null
  return { username, first_name: text('first_name', 100) }
}

function credentialOf({ headers }: IncomingMessage): { token: string; bearer: boolean } | null {
  if (headers.authorization) {
    const token = /^Bearer (\S+)$/.exec(headers.authorization)?.[1]
    return token ? { token, bearer: true } : null
  }
  const token = /(?:^|; )session=([^;]+)/.exec(headers.cookie ?? '')?.[1]
  return token ? { token, bearer: false } : null
}

async function read(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    size += chunk.length
    if (size > BODY_LIMIT) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function send(outgoing: ServerResponse, { status, body, type = 'application/json', headers }: Answer): void {
  outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers })
  outgoing.end(body)
}

server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close(() => void closeDatabase())
  server.closeAllConnections()
})
