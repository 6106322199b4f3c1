import { existsSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

function newest(path) {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function fresh(bundle) {
  if (!existsSync(bundle)) return false
  const sources = ['src', 'package.json', 'package-lock.json', 'bin/build.mjs'].map((name) =>
    join(root, name),
  )
  const built = statSync(bundle).mtimeMs
  return sources.filter(existsSync).every((source) => newest(source) <= built)
}

/** Bundles `src/<entry>.ts` if outdated and returns the bundle's path; esbuild prints its own errors. */
export async function build(entry) {
  const bundle = join(dist, `${entry}.js`)
  if (fresh(bundle)) return bundle
  const begun = new Date()
  const esbuild = await import('esbuild')
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [`src/${entry}.ts`],
    outfile: `dist/${entry}.js`,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    packages: 'external',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    sourcemap: true,
    logLevel: 'error',
    write: false,
  })
  await esbuild.stop()
  mkdirSync(dist, { recursive: true })
  const draft = (path) => `${path}.${process.pid}`
  for (const { path, contents } of outputFiles) writeFileSync(draft(path), contents)
  // The map goes first, and the bundle gets the start time: an edit during the build makes it stale again.
  for (const { path } of outputFiles.sort((a) => (a.path.endsWith('.map') ? -1 : 1))) {
    utimesSync(draft(path), begun, begun)
    renameSync(draft(path), path)
  }
  return bundle
}

if (basename(process.argv[1] ?? '') === 'build.mjs') {
  for (const entry of ['main', 'worker']) if (existsSync(join(root, 'src', `${entry}.ts`))) await build(entry)
}
