import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { EmbeddedError, startEmbedded } from '#src/db/embedded.ts'
import {
  ambit,
  at,
  clusterOf,
  crash,
  fast,
  isServer,
  prepare,
  query,
  serverPid,
  useFolders,
} from './embedding.ts'

useFolders()

const home = () => join(at.dataDir, 'postgres')

describe('a start', () => {
  it('makes the database, keeps its data for the next one, and stops without a trace', async () => {
    const first = await startEmbedded(at.dataDir)
    expect(first).toMatchObject({ how: 'initialised', version: expect.stringMatching(/^\d+\.\d+$/) })
    expect(new URL(first.url)).toMatchObject({ username: 'ambit', hostname: '127.0.0.1', pathname: '/ambit' })
    await query(first.url, "create table kept as select 'ä' as letter")
    const pid = await serverPid()
    await first.stop()
    expect(await isServer(pid)).toBe(false)
    expect(await serverPid()).toBeNaN()
    await first.stop()

    const second = await startEmbedded(at.dataDir)
    expect(second.how).toBe('started')
    expect(await query(second.url, 'select upper(letter) as letter from kept')).toEqual([{ letter: 'Ä' }])
    await second.stop()
  })

  it('listens on 127.0.0.1 only, wants the password, and keeps that to itself', async () => {
    await prepare()
    const { url, stop } = await startEmbedded(at.dataDir, { ...fast, settings: { work_mem: '5MB' } })
    const [settings] = await query(
      url,
      `select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
        current_setting('work_mem') as work_mem, current_setting('jit') as jit,
        (select datlocprovider::text || ' ' || coalesce(datlocale, '') from pg_database where datname = 'ambit') as locale`,
    )
    expect(settings).toEqual({
      listen: '127.0.0.1',
      sockets: '',
      work_mem: '5MB',
      jit: 'off',
      locale: 'b C.UTF-8',
    })
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    expect((await stat(join(home(), 'password'))).mode & 0o777).toBe(0o600)
    await stop()
  })

  it('twice at once gives one server to both', async () => {
    const both = [ambit(), ambit()]
    const started = await Promise.all(both.map((each) => each.started))
    expect(started.map(({ how }) => how).sort()).toEqual(['attached', 'initialised'])
    expect(started[0]?.url).toBe(started[1]?.url)
    await Promise.all(both.map((each) => each.stop()))
    expect(await serverPid()).toBeNaN()
  })
})

describe('several users', () => {
  it('keep the server until the last one stops', async () => {
    await prepare()
    const other = ambit()
    const { url } = await other.started
    const mine = await startEmbedded(at.dataDir, fast)
    expect(mine).toMatchObject({ how: 'attached', url })
    const again = await startEmbedded(at.dataDir, fast)
    await other.stop()
    await mine.stop()
    expect(await query(again.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await again.stop()
    expect(await serverPid()).toBeNaN()
  })

  it('take over from one that was killed', async () => {
    await prepare()
    const killed = ambit()
    const { url } = await killed.started
    killed.child.kill('SIGKILL')
    await once(killed.child, 'exit')
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    const next = await startEmbedded(at.dataDir, fast)
    expect(next).toMatchObject({ how: 'attached', url })
    await next.stop()
    expect(await serverPid()).toBeNaN()
  })

  it('in another container are told apart from those here', async () => {
    await prepare()
    const mine = await startEmbedded(at.dataDir, fast)
    await crash('SIGQUIT')
    await writeFile(join(home(), 'machine'), 'elsewhere pid:[1]')
    await expect(startEmbedded(at.dataDir, fast)).rejects.toThrow('in use from a different container')
    await mine.stop()
    await (await startEmbedded(at.dataDir, fast)).stop()
  })
})

describe('after a crash', () => {
  it('of the server the data is whole', async () => {
    await prepare()
    const first = await startEmbedded(at.dataDir)
    await query(first.url, 'create table kept as select generate_series(1, 1000) as number')
    await crash('SIGKILL')
    const second = await startEmbedded(at.dataDir)
    expect(second.how).toBe('started')
    expect(await query(second.url, 'select count(*)::int from kept')).toEqual([{ count: 1000 }])
    await first.stop()
    await second.stop()
    expect(await serverPid()).toBeNaN()
  })

  it('a pid that another program got since does not stand in the way', async () => {
    await prepare()
    const cluster = await clusterOf(at.dataDir)
    const { uid, gid } = await stat(cluster)
    const stranger = spawn('sleep', ['60'], { uid, gid })
    await writeFile(
      join(cluster, 'postmaster.pid'),
      `${stranger.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n`,
    )
    await chown(join(cluster, 'postmaster.pid'), uid, gid)
    const next = await startEmbedded(at.dataDir, fast)
    expect(next.how).toBe('started')
    expect(stranger.exitCode).toBeNull()
    await next.stop()
    stranger.kill()
  })

  it('what a killed first start left is cleared away', async () => {
    const killed = ambit()
    for (
      let tries = 0;
      tries < 500 && !(await stat(join(home(), 'turn.lock')).catch(() => undefined));
      tries++
    )
      await sleep(2)
    await sleep(100)
    killed.child.kill('SIGKILL')
    const next = await startEmbedded(at.dataDir, fast)
    await query(next.url, 'create table kept ()')
    await next.stop()
  })
})

describe('what can not work is said in one line:', () => {
  const message = async (folder = at.dataDir) => {
    const error = await startEmbedded(folder, fast).then(
      () => undefined,
      (reason) => reason,
    )
    expect(error).toBeInstanceOf(EmbeddedError)
    expect(error.message).not.toContain('\n')
    return error.message
  }

  it('a database of another major version', async () => {
    await prepare()
    await writeFile(join(await clusterOf(at.dataDir), 'PG_VERSION'), '9\n')
    expect(await message()).toMatch(/is of PostgreSQL 9, but only .*18\.4.* is here/)
  })

  it('a DATA_DIR that is a file', async () => {
    await writeFile(at.dataDir, '')
    expect(await message()).toContain("can't be made")
  })

  it('a lost password', async () => {
    await prepare()
    await rm(join(home(), 'password'))
    expect(await message()).toContain('password is missing')
  })

  it('settings that PostgreSQL refuses', async () => {
    await prepare()
    await expect(startEmbedded(at.dataDir, { ...fast, settings: { work_mem: 'much' } })).rejects.toThrow(
      /did not start: .*work_mem/,
    )
  })
})
