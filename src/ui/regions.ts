import { clockOf } from '#src/locale/clock.ts'
import { locales } from '#src/locale/locales.ts'
import { zones } from '#src/locale/zones.ts'
import type { SelectOption } from '#src/ui/field.tsx'

const languages = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard' })
/** A moment whose parts can't be mistaken for each other. */
const SAMPLE = '2026-11-30T19:36:00Z'

const localeOption = (value: string): SelectOption => ({
  value,
  label: `${languages.of(value)}: ${clockOf('UTC', value)
    .time(SAMPLE)
    .replace(/ *UTC$/, '')}`,
})

const offered = locales.map(localeOption)

export const localeOptions = (chosen: string | undefined): readonly SelectOption[] =>
  withChosen(offered, chosen, localeOption)

function zoneOption(value: string): SelectOption {
  const [region = '', ...place] = value.split('/')
  const offset = Temporal.Now.zonedDateTimeISO(value).offset
  const label = place.join(', ').replaceAll('_', ' ')
  return { value, label: `${label || region} (UTC${offset})`, group: place.length ? region : 'Universal' }
}

/** Zones by their region, each with its offset of now; what was chosen is among them. */
export const zoneOptions = (chosen: string | undefined): readonly SelectOption[] =>
  withChosen([zoneOption('UTC'), ...zones.map(zoneOption)], chosen, zoneOption)

/** Somebody may have chosen by a program what nobody is offered: another spelling, a former name. */
function withChosen(
  all: readonly SelectOption[],
  chosen: string | undefined,
  option: (value: string) => SelectOption,
): readonly SelectOption[] {
  if (!chosen || all.some(({ value }) => value === chosen)) return all
  try {
    return [option(chosen), ...all]
  } catch {
    // what was refused comes back in its form
    return [{ value: chosen, label: chosen }, ...all]
  }
}
