/** A role in the inheritance graph: its own permissions and its parents. */
export type RoleNode = {
  id: string
  /** Neither disabled nor deleted; an inactive role gives nothing and passes nothing on. */
  active: boolean
  parents: readonly string[]
  codes: readonly string[]
}

/** The inheritance graph of an organization's roles, in memory: there are few. */
export class RoleGraph<Node extends RoleNode = RoleNode> {
  readonly #nodes: ReadonlyMap<string, Node>
  readonly #given = new Map<string, ReadonlySet<string>>()

  constructor(nodes: readonly Node[]) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]))
  }

  get nodes(): IterableIterator<Node> {
    return this.#nodes.values()
  }

  get(id: string): Node | undefined {
    return this.#nodes.get(id)
  }

  /** All permissions the role gives, its own and inherited ones. */
  gives(id: string): ReadonlySet<string> {
    const known = this.#given.get(id)
    if (known) return known
    const given = new Set<string>()
    this.#given.set(id, given)
    const node = this.#nodes.get(id)
    if (!node?.active) return given
    for (const code of node.codes) given.add(code)
    for (const parent of node.parents) for (const code of this.gives(parent)) given.add(code)
    return given
  }

  /** The role and its ancestors, inactive ones included. */
  line(id: string): Node[] {
    const found = new Set<Node>()
    const add = (one: string) => {
      const node = this.#nodes.get(one)
      if (!node || found.has(node)) return
      found.add(node)
      node.parents.forEach(add)
    }
    add(id)
    return [...found]
  }

  /**
   * The chains of inheritance from a role up to a wanted one, shortest first. A best-first search by exact distance, so
   * that a lattice with many paths costs no more than the chains that are consumed.
   * @param passes whether a chain may lead through a role
   */
  chains(
    from: readonly string[],
    wanted: (node: Node) => boolean,
    { passes, most }: { passes: (node: Node) => boolean; most: number },
  ): Node[][] {
    const distance = this.#distances(wanted, passes)
    const open: Node[][][] = []
    const push = (way: Node[], id: string) => {
      const node = this.#nodes.get(id)
      const rest = distance.get(id)
      if (!node || rest === undefined || way.includes(node)) return
      const length = way.length + rest
      open[length] ??= []
      open[length].push([...way, node])
    }
    for (const id of from) push([], id)
    const found: Node[][] = []
    for (let length = 0; length < open.length; length++) {
      for (let way = open[length]?.pop(); way; way = open[length]?.pop()) {
        const last = way.at(-1) as Node
        if (wanted(last) && found.push(way) === most) return found
        for (const parent of last.parents) push(way, parent)
      }
    }
    return found
  }

  /** Steps up to the nearest wanted role, from every role that leads to one. */
  #distances(wanted: (node: Node) => boolean, passes: (node: Node) => boolean): Map<string, number> {
    const heirs = new Map<string, string[]>()
    for (const node of this.#nodes.values())
      for (const parent of node.parents) heirs.set(parent, [...(heirs.get(parent) ?? []), node.id])
    const distance = new Map<string, number>()
    let ring = [...this.#nodes.values()].filter((node) => wanted(node)).map(({ id }) => id)
    for (let steps = 0; ring.length; steps++) {
      const next: string[] = []
      for (const id of ring) {
        const node = this.#nodes.get(id)
        if (!node || distance.has(id) || !passes(node)) continue
        distance.set(id, steps)
        next.push(...(heirs.get(id) ?? []))
      }
      ring = next
    }
    return distance
  }
}
