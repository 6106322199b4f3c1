import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line for machines; what broke outside of any test counts as failed. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    )
    const count = (state: string) => states.filter((each) => each === state).length
    const broken = modules.flatMap((module) => [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ])
    const skipped = count('skipped') + count('pending')
    const parts = [`${count('passed')} passed`, `${count('failed') + broken.length + errors.length} failed`]
    process.stdout.write(`${[...parts, ...(skipped ? [`${skipped} skipped`] : [])].join(', ')}\n`)
  }
}
