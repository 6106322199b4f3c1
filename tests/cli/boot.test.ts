import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const real = resolve(import.meta.dirname, '../..')
let root: string

const manifest = (engines: string, extra = {}) =>
  JSON.stringify({
    type: 'module',
    engines: { node: engines },
    optionalDependencies: {},
    imports: { '#src/*': './src/*' },
    ...extra,
  })

/** A project with the real boot file, an entry of the test's own, and nothing to install. */
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'boot ')), 'a project')
  await mkdir(join(root, 'src'), { recursive: true })
  await mkdir(join(root, 'node_modules'))
  await cp(join(real, 'bin'), join(root, 'bin'), { recursive: true })
  for (const name of ['esbuild', '@esbuild', 'hono'])
    await symlink(join(real, 'node_modules', name), join(root, 'node_modules', name))
  await file('package.json', manifest('>=18'))
  await file('package-lock.json', '{"packages":{}}')
  await file('node_modules/.package-lock.json', '{"packages":{}}')
})

afterEach(() => rm(resolve(root, '..'), { recursive: true, force: true }))

const file = (path: string, text: string) => writeFile(join(root, path), text)

type Run = {
  child: ChildProcess
  said: () => string
  until: (text: string) => Promise<void>
  ended: Promise<unknown[]>
}

function boot(args: string[], env: NodeJS.ProcessEnv = {}): Run {
  const { npm_execpath, npm_lifecycle_event, NODE_OPTIONS, ...rest } = process.env
  const child = spawn(process.execPath, [join(root, 'bin/boot.mjs'), ...args], {
    cwd: tmpdir(),
    env: { ...rest, ...env },
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const until = async (text: string) => {
    for (let tries = 0; !output.includes(text); tries++) {
      if (tries > 500) throw new Error(`never said ${text}, but: ${output}`)
      await sleep(10)
    }
  }
  return { child, said: () => output, until, ended: once(child, 'close') }
}

const running = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const server = `
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () => { console.log('got', name); setTimeout(() => process.exit(5), 600) })
  setInterval(() => {}, 1000)
  console.log('pid', process.pid)`

describe('a server', () => {
  it('is bundled with #src and JSX resolved', async () => {
    await file('src/part.tsx', 'export const Part = (props: { name: string }) => <b>{props.name}</b>')
    await file(
      'src/main.ts',
      `import { Part } from '#src/part.tsx'\nconsole.log(String(Part({ name: 'x' })))`,
    )
    const run = boot(['start'])
    expect(await run.ended).toEqual([0, null])
    expect(run.said()).toBe('<b>x</b>\n')
  })

  it('takes no arguments, and says so instead of starting', async () => {
    await file('src/main.ts', `console.log('started')`)
    const help = boot(['start', '--help'])
    expect(await help.ended).toEqual([0, null])
    expect(help.said()).toMatch(/^Usage: npm start\n/)
    const wrong = boot(['start', '--port', '3'])
    expect(await wrong.ended).toEqual([2, null])
    expect(wrong.said()).toMatch(/^start takes no arguments, and was given --port 3\.\n/)
  })

  it('is bundled anew only after a change', async () => {
    await file('src/main.ts', `console.log('first')`)
    await boot(['start']).ended
    const bundle = await readFile(join(root, 'dist/main.js'), 'utf8')
    await file('dist/main.js', bundle.replace('first', 'kept'))
    const second = boot(['start'])
    await second.ended
    expect(second.said()).toBe('kept\n')
    await sleep(20)
    await file('src/main.ts', `console.log('changed')`)
    const third = boot(['start'])
    await third.ended
    expect(third.said()).toBe('changed\n')
  })

  it('gets each signal once and decides on the exit code', async () => {
    await file('src/main.ts', server)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const run = boot(['start'])
      await run.until('pid')
      run.child.kill(signal)
      expect(await run.ended).toEqual([5, null])
      expect(run.said().match(/got/g)).toHaveLength(1)
    }
  })

  it('is out of reach of what a terminal sends to the group', async () => {
    await file('src/main.ts', server)
    const run = boot(['start'])
    await run.until('pid')
    const pid = Number(run.said().match(/pid (\d+)/)?.[1])
    const group = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2]
    expect(Number(group)).toBe(pid)
    run.child.kill('SIGTERM')
    await run.ended
  })

  it('ends when what started it was killed', async () => {
    await file('src/main.ts', server)
    const run = boot(['start'])
    await run.until('pid')
    const pid = Number(run.said().match(/pid (\d+)/)?.[1])
    run.child.kill('SIGKILL')
    await run.ended
    expect(run.said()).toContain('got SIGTERM')
    for (let tries = 0; running(pid) && tries < 100; tries++) await sleep(20)
    expect(running(pid)).toBe(false)
  })

  it('ends once when npm, that started it by way of a shell, was killed', async () => {
    await file('src/main.ts', server)
    const npm = spawn('sh', ['-c', `'${process.execPath}' '${join(root, 'bin/boot.mjs')}' start; :`], {
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    npm.stdout.on('data', (chunk) => (output += chunk))
    while (!output.includes('pid')) await sleep(10)
    npm.kill('SIGKILL')
    await once(npm.stdout, 'end')
    expect(output.match(/got SIGTERM/g)).toHaveLength(1)
  })

  it('hands on the signal that ended it', async () => {
    await file('src/main.ts', `process.kill(process.pid, 'SIGKILL')`)
    expect(await boot(['start']).ended).toEqual([null, 'SIGKILL'])
  })

  it('that can not be bundled is told of without a stack trace', async () => {
    await file('src/main.ts', `import './nowhere.ts'`)
    const run = boot(['start'])
    expect(await run.ended).toEqual([1, null])
    expect(run.said()).toContain("src/main.ts can't be bundled")
    expect(run.said()).not.toMatch(/^\s+at /m)
  })
})

describe('the runtime', () => {
  const pinned = `node-${process.platform}-${process.arch}`

  it('is the pinned one where this is too old', async () => {
    await file('package.json', manifest('>=99', { optionalDependencies: { [pinned]: '99.0.0' } }))
    await mkdir(join(root, 'node_modules', pinned, 'bin'), { recursive: true })
    await writeFile(join(root, 'node_modules', pinned, 'bin/node'), '#!/bin/sh\necho pinned "$@"; exit 3\n', {
      mode: 0o755,
    })
    await file('bin/types.ts', '')
    const run = boot(['types', 'a b'])
    expect(await run.ended).toEqual([3, null])
    expect(run.said()).toBe('pinned --import ./bin/tsx.mjs bin/types.ts a b\n')
  })

  it('that no package brings is asked for in one line', async () => {
    await file('package.json', manifest('>=99'))
    const run = boot(['types'])
    expect(await run.ended).toEqual([1, null])
    expect(run.said()).toMatch(/^Node 99 or newer is required .*\n$/)
  })
})

describe('packages', () => {
  const lock =
    '{"packages":{"node_modules/one":{"version":"1.0.0"},"node_modules/two":{"version":"1.0.0","optional":true}}}'

  async function npm(body: string) {
    await file(
      'npm-cli.js',
      `import fs from 'node:fs'\nfs.appendFileSync('calls', process.argv[2] + '\\n')\n${body}`,
    )
    await file('package-lock.json', lock)
    await file('src/main.ts', `console.log('ran')`)
    return { npm_execpath: join(root, 'npm-cli.js') }
  }
  const installs = `setTimeout(() => fs.writeFileSync('node_modules/.package-lock.json', '{"packages":{"node_modules/one":{"version":"1.0.0"}}}'), 500)`
  const calls = () => readFile(join(root, 'calls'), 'utf8')

  it('are installed once by two starts at once', async () => {
    const env = await npm(installs)
    const runs = [boot(['start'], env), boot(['start'], env)]
    expect(await Promise.all(runs.map((run) => run.ended))).toEqual([
      [0, null],
      [0, null],
    ])
    expect(await calls()).toBe('ci\n')
    expect(
      runs
        .map((run) => run.said())
        .join('')
        .match(/Installing packages…/g),
    ).toHaveLength(1)
  })

  it('are installed after a start that was killed while installing', async () => {
    const env = await npm(installs)
    const gone = spawn(process.execPath, ['-e', '0'])
    await once(gone, 'close')
    await file('.install.lock', `${gone.pid} ${hostname()}`)
    expect(await boot(['start'], env).ended).toEqual([0, null])
  })

  it('that fail to install are told of in one line', async () => {
    const env = await npm(
      `console.error('npm error code ENOTFOUND\\nnpm error network is away'); process.exitCode = 1`,
    )
    const run = boot(['start'], env)
    expect(await run.ended).toEqual([1, null])
    expect(run.said()).toBe(
      'Installing packages…\nThe packages could not be installed: code ENOTFOUND; network is away\n',
    )
    await expect(readFile(join(root, '.install.lock'))).rejects.toThrow('ENOENT')
  })

  it('are installed by npm install where npm ci finds the lock file incomplete', async () => {
    const env = await npm(
      `if (process.argv[2] === 'ci') { console.error('npm error code EUSAGE'); process.exit(1) }\n${installs}`,
    )
    expect(await boot(['start'], env).ended).toEqual([0, null])
    expect(await calls()).toBe('ci\ninstall\n')
  })

  it('of another platform are replaced', async () => {
    const env = await npm(installs)
    await file(
      'node_modules/.package-lock.json',
      '{"packages":{"node_modules/one":{"version":"1.0.0","os":["plan9"]}}}',
    )
    expect(await boot(['start'], env).ended).toEqual([0, null])
    expect(await calls()).toBe('ci\n')
  })
})

it('an unknown command is answered with the list', async () => {
  const run = boot(['sing'])
  expect(await run.ended).toEqual([2, null])
  expect(run.said()).toMatch(/^Unknown command sing\. Commands: start, /)
})
