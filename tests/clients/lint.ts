import core from '@stoplight/spectral-core'
import rulesets from '@stoplight/spectral-rulesets'

/** What Spectral's own rules find in the document. */
export async function lint(document: Record<string, unknown>): Promise<string[]> {
  const spectral = new core.Spectral()
  spectral.setRuleset({
    extends: [rulesets.oas as never],
    // whom to write to is for whoever runs the program to say, and nothing tells it
    rules: { 'info-contact': 'off' },
  })
  const found = await spectral.run(document)
  return found.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`)
}
