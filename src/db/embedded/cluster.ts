import { randomBytes } from 'node:crypto'
import { chown, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Binaries, locale, program, run } from '#src/db/embedded/binaries.ts'
import { EmbeddedError, explain } from '#src/db/embedded/errors.ts'
import { makeOwned, type Place } from '#src/db/embedded/place.ts'

export const OWNER = 'ambit'

/** The major version of the cluster; undefined if there is none yet. */
export async function majorOf(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text ? Number(text) : undefined
}

export async function passwordOf({ home }: Place): Promise<string> {
  const file = join(home, 'password')
  const password = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (!password)
    throw new EmbeddedError(
      `${file} is missing, which holds the database's password: bring it back, or move ${home} away to start with an empty database`,
    )
  return password.trim()
}

/** Creates the cluster next to its place and moves it there once complete, so that a kill leaves no partial one. */
export async function initialise(place: Place, binaries: Binaries, sync: boolean): Promise<void> {
  const folder = dirname(place.cluster)
  await sweep(folder)
  const suffix = randomBytes(4).toString('hex')
  const draft = join(folder, `data.new-${suffix}`)
  const secret = join(folder, `password.new-${suffix}`)
  const password = randomBytes(24).toString('base64url')
  try {
    await makeOwned(draft, place.identity)
    await writeFile(secret, password, { mode: 0o600 })
    const { uid, gid } = place.identity
    if (uid !== undefined && gid !== undefined) await chown(secret, uid, gid)
    const args = [
      '-D',
      draft,
      '-U',
      OWNER,
      `--pwfile=${secret}`,
      '--auth=scram-sha-256',
      ...locales(binaries),
      '--no-instructions',
    ]
    const { ok, output } = await run(
      program(binaries.folder, 'initdb'),
      sync ? args : [...args, '--no-sync'],
      place.identity,
    )
    if (!ok) throw explain("PostgreSQL's database could not be made", output)
    await writeFile(join(place.home, 'password'), password, { mode: 0o600 })
    await rename(draft, place.cluster)
  } finally {
    await rm(secret, { force: true })
    await rm(draft, { recursive: true, force: true })
  }
}

function locales({ major }: Binaries): string[] {
  const builtin = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  return ['--encoding=UTF8', `--locale=${locale}`, ...(major >= 17 ? builtin : [])]
}

// An initdb that outlived its killed parent may still be writing there: the next start removes what is left.
async function sweep(folder: string) {
  const leftovers = (await readdir(folder)).filter((name) => /^(data|password)\.new-/.test(name))
  await Promise.allSettled(leftovers.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}
