import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { ListUrl } from '#src/ui/list-url.ts'

interface FilterOption {
  value: string
  label: string
  count?: number
}

export interface Filter {
  name: string
  label: string
  value: string | null
  options: readonly FilterOption[]
  /** Chips are links, good up to five or so; a select holds more; a toggle has one option, which is on or off. */
  as?: 'chips' | 'select' | 'toggle'
  any?: string
}

export interface ToolbarProps {
  path: string
  listUrl: ListUrl
  /** What is searched for now; a list without search leaves it out. */
  q?: string
  placeholder?: string
  filters?: readonly Filter[]
  /** Parameters the search has to keep: the sort. */
  keep?: Record<string, string | null | undefined>
  /** Where the counts of the filters' values are asked for, once the list stands (js/facets.js). */
  facets?: string
  children?: Child
}

const searching = {
  'hx-trigger': 'submit, input delay:250ms target:#q, change target:select',
  'hx-swap': 'outerMorph show:none',
  // what is typed in one go is one step of the history: js/navigation.js
  'hx-push-url': 'true',
}

export function Toolbar(props: ToolbarProps) {
  const { path, listUrl, q, placeholder, filters = [], keep = {}, facets, children } = props
  const chips = filters.filter((filter) => filter.as !== 'select')
  const selects = filters.filter((filter) => filter.as === 'select')
  const kept = [...chips.map((chip) => [chip.name, chip.value] as const), ...Object.entries(keep)]
  return (
    <search class="toolbar" data-facets={facets}>
      <form id="search" class="toolbar-form" method="get" action={path} {...searching}>
        {q === undefined ? null : <SearchField q={q} placeholder={placeholder} />}
        {selects.map((filter) => (
          <FilterSelect {...filter} />
        ))}
        {kept.map(([name, value]) => (value ? <input type="hidden" name={name} value={value} /> : null))}
        <button type="submit" class="button plain without-script">
          Search
        </button>
      </form>
      {chips.map((filter) => (
        <FilterChips {...filter} listUrl={listUrl} />
      ))}
      {children ? <div class="toolbar-end">{children}</div> : null}
    </search>
  )
}

function SearchField({ q, placeholder = 'Search' }: { q: string; placeholder?: string }) {
  return (
    <span class="search-field">
      <Icon name="search" />
      <label class="unseen" for="q">
        Search
      </label>
      <input
        id="q"
        type="search"
        name="q"
        value={q}
        placeholder={placeholder}
        autocomplete="off"
        enterkeyhint="search"
        aria-keyshortcuts="/"
      />
      <span class="key needs-script" aria-hidden="true">
        /
      </span>
    </span>
  )
}

function FilterSelect({ name, label, value, options, any = 'Any' }: Filter) {
  return (
    <label class="toolbar-select">
      <span>{label}</span>
      <select id={`filter-${name}`} name={name}>
        <option value="">{any}</option>
        {options.map((option) => (
          <option value={option.value} selected={option.value === value}>
            {option.count === undefined ? option.label : `${option.label} (${option.count})`}
          </option>
        ))}
      </select>
    </label>
  )
}

function FilterChips(props: Filter & { listUrl: ListUrl }) {
  const { name, label, value, options, as, any = 'All', listUrl } = props
  const toggle = as === 'toggle'
  const all: FilterOption[] = toggle ? [...options] : [{ value: '', label: any }, ...options]
  const on = (option: FilterOption) => option.value === (value ?? '')
  return (
    <nav class="chips" aria-label={label}>
      {all.map((option) => (
        <a
          id={`filter-${name}-${option.value || 'any'}`}
          class="chip"
          href={listUrl({ [name]: (toggle && on(option)) || !option.value ? null : option.value })}
          aria-current={on(option) ? 'true' : undefined}
          hx-swap="outerMorph show:none"
        >
          {option.label}
          {option.count === undefined ? null : <span class="count">{option.count}</span>}
        </a>
      ))}
    </nav>
  )
}
