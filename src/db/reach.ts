import pg from 'pg'
import { DatabaseError } from '#src/db/errors.ts'

/** Connects once. @throws whatever pg throws */
export async function reach(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
  } finally {
    await client.end().catch(() => {})
  }
}

/** Connects, creating a missing database if the role may. @throws {DatabaseError} */
export async function reachOrCreate(url: string): Promise<void> {
  const { hostname, port, pathname, username } = new URL(url)
  const name = decodeURIComponent(pathname.slice(1)) || username
  try {
    await reach(url)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code !== '3D000') {
      throw new DatabaseError(
        `The database at ${hostname}:${port || 5432} does not answer (${message || code}). Check DATABASE_URL and that the server runs.`,
      )
    }
    await create(url, name)
  }
}

async function create(url: string, name: string): Promise<void> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    await client.query(`create database ${pg.escapeIdentifier(name)} encoding 'UTF8' template template0`)
  } catch (error) {
    throw new DatabaseError(
      `There is no database ${name}, and it can't be made (${(error as Error).message}). Run: createdb --encoding=UTF8 --template=template0 ${name}`,
    )
  } finally {
    await client.end().catch(() => {})
  }
}
